# Programs, their manual pages and the protocol's documents. The SSH helper is started by the server, never by a person:
# libexec.
foreach(program vsock-shell-server vsock-shell-client vsock-shell-proxy)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
if(TARGET vsock-shell-ssh-session)
    install(TARGETS vsock-shell-ssh-session RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR} COMPONENT ssh)
endif()

file(GLOB_RECURSE pages CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.[1578])
foreach(page ${pages})
    get_filename_component(section ${page} LAST_EXT)
    string(SUBSTRING ${section} 1 -1 section)
    get_filename_component(name ${page} NAME_WLE)
    set(component programs)
    if(name STREQUAL vsock-shell-ssh-session)
        set(component ssh)
    endif()
    # Pages of sections 5 and 7 are about no program.
    if(TARGET ${name} OR section MATCHES "[57]")
        install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
    endif()
endforeach()

install(FILES lib/PROTOCOL.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES file/PROTOCOL-FILES.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)

# Each shell looks for completions by a name of its own.
foreach(program vsock-shell-server vsock-shell-client vsock-shell-proxy)
    set(completions ${PROJECT_SOURCE_DIR}/contrib/completions)
    if(TARGET ${program})
        install(FILES ${completions}/${program}.bash RENAME ${program} OPTIONAL
                DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
        install(FILES ${completions}/_${program} OPTIONAL DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
        install(FILES ${completions}/${program}.fish OPTIONAL
                DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
    endif()
endforeach()
