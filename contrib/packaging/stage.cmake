# SPDX-License-Identifier: MIT
#
# Runs inside cpack, between the installation of the components into their folders and the packing of
# these: adds what only a Debian package has, and finds out what each package depends on.
if(NOT CPACK_PACKAGING_INSTALL_PREFIX STREQUAL "/usr")
    message(FATAL_ERROR "The programs of this build look for each other in ${CPACK_PACKAGING_INSTALL_PREFIX}: "
        "packages take a build for /usr, as cmake -C contrib/cmake/package.cmake makes it.")
endif()

function(vsh_run folder result)
    execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${folder} OUTPUT_VARIABLE output
        OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(${result} "${output}" PARENT_SCOPE)
endfunction()

# Whatever the umask is: folders and what can be executed 0755, all else 0644.
function(vsh_set_modes root)
    vsh_run(${root} ignored chmod -R u=rwX,go=rX .)
endfunction()

# The date of everything, as cpack takes it from there: SOURCE_DATE_EPOCH, else that of the last commit, else now.
function(vsh_find_epoch result)
    set(epoch $ENV{SOURCE_DATE_EPOCH})
    if(NOT epoch)
        execute_process(COMMAND git log -1 --format=%ct WORKING_DIRECTORY ${CPACK_VSH_PACKAGING}
            OUTPUT_VARIABLE epoch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE ignored)
    endif()
    if(NOT epoch)
        string(TIMESTAMP epoch %s UTC)
    endif()
    set(${result} ${epoch} PARENT_SCOPE)
endfunction()

# The two files that every package has in its documentation folder.
function(vsh_add_documents root package)
    set(folder ${root}/usr/share/doc/${package})
    vsh_run(${root} date ${CMAKE_COMMAND} -E env LC_ALL=C date -u -R -d @${epoch})
    file(READ ${CPACK_VSH_LICENSE} text)
    string(REGEX MATCH "Copyright \\(c\\) ([^\n]+)\n\n(.*)$" ignored "${text}")
    set(copyright "${CMAKE_MATCH_1}")
    string(REGEX REPLACE "\n$" "" license "${CMAKE_MATCH_2}")
    string(REPLACE "\n\n" "\n.\n" license "${license}")
    string(REPLACE "\n" "\n " license "${license}")
    file(REMOVE ${folder}/LICENSE)
    configure_file(${CPACK_VSH_PACKAGING}/copyright.in ${folder}/copyright @ONLY)
    configure_file(${CPACK_VSH_PACKAGING}/changelog.in ${folder}/changelog.Debian @ONLY)
    vsh_run(${folder} ignored gzip -9nf changelog.Debian)
endfunction()

function(vsh_compress_pages root)
    file(GLOB_RECURSE pages ${root}/usr/share/man/*.[1-8])
    if(pages)
        vsh_run(${root} ignored gzip -9nf ${pages})
    endif()
endfunction()

# Without symbols, programs and libraries still name the packages that they need.
function(vsh_strip root result)
    file(GLOB_RECURSE binaries ${root}/usr/bin/* ${root}/usr/libexec/* ${root}/usr/lib/*.so.*)
    if(binaries)
        vsh_run(${root} ignored ${CPACK_VSH_STRIP} --strip-unneeded -R .comment -R .note ${binaries})
        # dpkg-shlibdeps looks for both as they are where Debian's own tools build a package.
        file(WRITE ${root}/debian/control "Source: vsock-shell\n\nPackage: vsock-shell\nArchitecture: any\n")
        file(MAKE_DIRECTORY ${root}/DEBIAN)
        vsh_run(${root} depends dpkg-shlibdeps -O ${binaries})
        file(REMOVE_RECURSE ${root}/debian ${root}/DEBIAN)
        string(REGEX REPLACE "^shlibs:Depends=" "" depends "${depends}")
        set(${result} "${depends}" PARENT_SCOPE)
    endif()
endfunction()

# What is below /etc is the administrator's: dpkg asks before it replaces a changed one.
function(vsh_write_conffiles root control)
    file(GLOB_RECURSE files RELATIVE ${root} ${root}/etc/*)
    if(files)
        list(TRANSFORM files PREPEND /)
        list(JOIN files "\n" text)
        file(WRITE ${control}/conffiles "${text}\n")
    endif()
endfunction()

# The scripts and lists that dpkg reads: COMPONENT.NAME of this folder, and what is made here.
function(vsh_find_control component root result)
    set(control ${CPACK_TEMPORARY_DIRECTORY}.control/${component})
    file(REMOVE_RECURSE ${control})
    file(GLOB files ${CPACK_VSH_PACKAGING}/${component}.*)
    foreach(file IN LISTS files)
        get_filename_component(name ${file} LAST_EXT)
        string(SUBSTRING ${name} 1 -1 name)
        configure_file(${file} ${control}/${name} COPYONLY)
    endforeach()
    vsh_write_conffiles(${root} ${control})
    if(component STREQUAL library)
        file(WRITE ${control}/shlibs "${CPACK_VSH_SHLIBS}\n")
    endif()
    file(GLOB files ${control}/*)
    set(${result} "${files}" PARENT_SCOPE)
endfunction()

set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
vsh_find_epoch(epoch)
set(ENV{SOURCE_DATE_EPOCH} ${epoch})
# The packages describe themselves; CPack would put the project's line before that.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${component} upper)
    set(prefix CPACK_DEBIAN_${upper}_PACKAGE)
    set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
    vsh_add_documents(${root} ${${prefix}_NAME})
    vsh_compress_pages(${root})
    if(component STREQUAL programs)
        configure_file(${CPACK_VSH_PACKAGING}/vsock-shell.default ${root}/etc/default/vsock-shell COPYONLY)
    endif()
    vsh_find_control(${component} ${root} ${prefix}_CONTROL_EXTRA)
    set(found "")
    vsh_strip(${root} found)
    string(JOIN ", " ${prefix}_DEPENDS ${${prefix}_DEPENDS} ${found})
    foreach(field DEPENDS SUGGESTS)
        string(REPLACE "\${binary:Version}" ${version} ${prefix}_${field} "${${prefix}_${field}}")
    endforeach()
    vsh_set_modes(${root})
endforeach()
