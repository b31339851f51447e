# libvsock-shell.so: the objects of base, lib and file behind one list of names, vsock-shell.map. A static build has
# no use for it: each program is one file there.
if(WITH_STATIC)
    return()
endif()

set(library_layers vsh-lib vsh-base)
if(TARGET vsh-file)
    list(APPEND library_layers vsh-file)
endif()
# The map alone says what is exported; a hidden symbol could not be named by it.
set_target_properties(${library_layers} PROPERTIES C_VISIBILITY_PRESET default)

set(library_map ${CMAKE_CURRENT_SOURCE_DIR}/lib/vsock-shell.map)
add_library(vsock-shell SHARED)
target_link_libraries(vsock-shell PRIVATE ${library_layers})
target_link_options(vsock-shell PRIVATE -Wl,--version-script=${library_map} -Wl,-Bsymbolic-functions)
if(NOT WITH_SANITIZERS)
    # The sanitizers' runtime comes with the program, so it is undefined here.
    target_link_options(vsock-shell PRIVATE -Wl,-z,defs)
endif()
set_target_properties(vsock-shell PROPERTIES VERSION 1.0.0 SOVERSION 1 LINK_DEPENDS ${library_map} LINKER_LANGUAGE C)

# The .pc file finds its prefix from its own place, so that an installed tree may be moved.
set(VSH_PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
set(VSH_PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
set(VSH_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} AND NOT IS_ABSOLUTE ${CMAKE_INSTALL_INCLUDEDIR})
    file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(REGEX REPLACE "/$" "" up ${up})
    set(VSH_PC_PREFIX "\${pcfiledir}/${up}")
    set(VSH_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(VSH_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(lib/vsock-shell.pc.in vsock-shell.pc @ONLY)

install(TARGETS vsock-shell LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
        NAMELINK_COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/vsock-shell DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vsock-shell.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT development)
