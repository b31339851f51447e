# What starts the server: systemd's units, OpenRC's script, an initramfs. Nothing is switched on by being installed. And
# the examples for fleets.

# Installs SOURCE.in with the places of the programs in it; further arguments go to install(). They are known as late
# as `cmake --install --prefix`.
function(vsh_install_service source)
    string(REPLACE "/" "-" name ${source})
    set(written ${PROJECT_BINARY_DIR}/services/${name})
    install(CODE "foreach(place \"bindir=${CMAKE_INSTALL_BINDIR}\" \"datadir=${CMAKE_INSTALL_DATADIR}\"
                \"libexecdir=${CMAKE_INSTALL_LIBEXECDIR}\")
            string(REGEX MATCH \"^([a-z]+)=(.*)\" _ \${place})
            get_filename_component(\${CMAKE_MATCH_1} \${CMAKE_MATCH_2} ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
        endforeach()
        configure_file(\"${CMAKE_CURRENT_LIST_DIR}/${source}.in\" \"${written}\" @ONLY)")
    install(FILES ${written} ${ARGN})
endfunction()

if(NOT TARGET vsock-shell-server)
    return()
endif()

set(examples ${CMAKE_INSTALL_DOCDIR}/examples)
set(executable PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

foreach(unit vsock-shell.service vsock-shell@.service)
    vsh_install_service(systemd/${unit} DESTINATION lib/systemd/system RENAME ${unit})
endforeach()
install(FILES contrib/systemd/vsock-shell.socket DESTINATION lib/systemd/system)
install(FILES contrib/systemd/files-only.conf DESTINATION ${examples})

# init.d belongs to whatever starts the services; where that is not OpenRC, its script is an example.
find_program(OPENRC_RUN openrc-run PATHS /sbin /usr/sbin)
if(NOT OPENRC_RUN)
    set(openrc ${examples}/openrc)
elseif(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(openrc ${CMAKE_INSTALL_FULL_SYSCONFDIR})
else()
    set(openrc ${CMAKE_INSTALL_SYSCONFDIR})
endif()
vsh_install_service(openrc/vsock-shell.initd DESTINATION ${openrc}/init.d RENAME vsock-shell ${executable})
install(FILES contrib/openrc/vsock-shell.confd DESTINATION ${openrc}/conf.d RENAME vsock-shell)

# Both builders of an initramfs, over one pair of scripts that run in there.
set(initramfs ${CMAKE_INSTALL_DATADIR}/vsock-shell/initramfs)
vsh_install_service(initramfs/settings DESTINATION ${initramfs} RENAME settings)
install(FILES contrib/initramfs/start contrib/initramfs/stop DESTINATION ${initramfs} ${executable})
install(FILES contrib/initramfs/initramfs.conf DESTINATION ${examples})
set(tools ${CMAKE_INSTALL_DATADIR}/initramfs-tools)
vsh_install_service(initramfs-tools/hooks/vsock-shell DESTINATION ${tools}/hooks RENAME vsock-shell ${executable})
foreach(stage init-premount init-bottom)
    install(FILES contrib/initramfs-tools/scripts/${stage}/vsock-shell DESTINATION ${tools}/scripts/${stage} ${executable})
endforeach()
set(module dracut/90vsock-shell)
vsh_install_service(${module}/module-setup.sh DESTINATION lib/dracut/modules.d/90vsock-shell RENAME module-setup.sh
                    ${executable})
install(FILES contrib/${module}/start.sh contrib/${module}/stop.sh DESTINATION lib/dracut/modules.d/90vsock-shell
        ${executable})

install(DIRECTORY contrib/ansible contrib/clustershell DESTINATION ${examples})
