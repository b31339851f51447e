# What starts the server: systemd's units, OpenRC's script. Nothing is switched on by being installed. And the examples
# for fleets.

# Installs SOURCE.in with the path of the programs in it; further arguments go to install(). The path is known as late
# as `cmake --install --prefix`.
function(vsh_install_service source)
    cmake_path(GET source FILENAME name)
    set(written ${PROJECT_BINARY_DIR}/services/${name})
    install(CODE "get_filename_component(bindir \"${CMAKE_INSTALL_BINDIR}\" ABSOLUTE
            BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
        configure_file(\"${CMAKE_CURRENT_LIST_DIR}/${source}.in\" \"${written}\" @ONLY)")
    install(FILES ${written} ${ARGN})
endfunction()

if(NOT TARGET vsock-shell-server)
    return()
endif()

set(examples ${CMAKE_INSTALL_DOCDIR}/examples)

vsh_install_service(systemd/vsock-shell.service DESTINATION lib/systemd/system)
vsh_install_service(systemd/vsock-shell@.service DESTINATION lib/systemd/system)
install(FILES contrib/systemd/vsock-shell.socket DESTINATION lib/systemd/system)
install(FILES contrib/systemd/files-only.conf DESTINATION ${examples})
install(DIRECTORY contrib/ansible contrib/clustershell DESTINATION ${examples})

# init.d belongs to whatever starts the services; where that is not OpenRC, its script is an example.
find_program(OPENRC_RUN openrc-run PATHS /sbin /usr/sbin)
if(NOT OPENRC_RUN)
    set(openrc ${examples}/openrc)
elseif(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(openrc ${CMAKE_INSTALL_FULL_SYSCONFDIR})
else()
    set(openrc ${CMAKE_INSTALL_SYSCONFDIR})
endif()
vsh_install_service(openrc/vsock-shell.initd DESTINATION ${openrc}/init.d RENAME vsock-shell
                    PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(FILES contrib/openrc/vsock-shell.confd DESTINATION ${openrc}/conf.d RENAME vsock-shell)
