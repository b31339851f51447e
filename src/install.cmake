# Programs, their manual pages and the protocol's documents. The SSH helper is started by the server, never by a person:
# libexec.
foreach(program vsock-shell-server vsock-shell-client vsock-shell-proxy)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
if(TARGET vsock-shell-ssh-session)
    install(TARGETS vsock-shell-ssh-session RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR})
endif()

file(GLOB_RECURSE pages CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.1 ${CMAKE_CURRENT_SOURCE_DIR}/*.8)
foreach(page ${pages})
    get_filename_component(section ${page} LAST_EXT)
    string(SUBSTRING ${section} 1 -1 section)
    get_filename_component(name ${page} NAME_WLE)
    if(TARGET ${name})
        install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endif()
endforeach()

install(FILES lib/PROTOCOL.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES file/PROTOCOL-FILES.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
