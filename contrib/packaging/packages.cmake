# SPDX-License-Identifier: MIT
#
# The Debian packages: what CPack has to know of each component. stage.cmake completes their files.
if(WITH_STATIC OR WITH_SANITIZERS)
    return()
endif()

# Who answers for the packages: whoever builds them, by the variables that Debian's own tools read.
set(maintainer "The vsock-shell authors <vsock-shell@packages.invalid>")
if(DEFINED ENV{DEBEMAIL})
    set(maintainer "$ENV{DEBEMAIL}")
    if(DEFINED ENV{DEBFULLNAME} AND NOT maintainer MATCHES "<")
        set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
    endif()
endif()
set(PACKAGE_MAINTAINER "${maintainer}" CACHE STRING "Maintainer of the packages: NAME <ADDRESS>")
set(PACKAGE_REVISION 1 CACHE STRING "Revision of the packages, behind the version")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vsock-shell)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${PACKAGE_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_SOURCE vsock-shell)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# cpack hands stage.cmake the variables with this prefix and no others.
set(CPACK_VSH_PACKAGING ${CMAKE_CURRENT_LIST_DIR})
set(CPACK_VSH_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_VSH_STRIP ${CMAKE_STRIP})
set(CPACK_VSH_SHLIBS "libvsock-shell 1 libvsock-shell1 (>= ${PROJECT_VERSION})")
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/stage.cmake)

# CPack has no setting for Multi-Arch before 3.31; it writes the section as it is given.
function(debian_package component)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;SECTION;MULTI_ARCH;DEPENDS;SUGGESTS;DESCRIPTION" "")
    string(TOUPPER ${component} upper)
    set(prefix CPACK_DEBIAN_${upper})
    set(${prefix}_PACKAGE_NAME ${arg_NAME} PARENT_SCOPE)
    set(${prefix}_PACKAGE_SECTION "${arg_SECTION}\nMulti-Arch: ${arg_MULTI_ARCH}" PARENT_SCOPE)
    set(${prefix}_PACKAGE_DEPENDS "${arg_DEPENDS}" PARENT_SCOPE)
    set(${prefix}_PACKAGE_SUGGESTS "${arg_SUGGESTS}" PARENT_SCOPE)
    set(CPACK_COMPONENT_${upper}_DESCRIPTION "${arg_DESCRIPTION}" PARENT_SCOPE)
    set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
endfunction()

set(CPACK_COMPONENTS_ALL "")
# In Debian's spelling; stage.cmake puts the version in, which cpack -D may have changed.
set(same_version "(= \${binary:Version})")

debian_package(programs NAME vsock-shell SECTION admin MULTI_ARCH foreign
    SUGGESTS "openssh-client, vsock-shell-ssh ${same_version}"
    DESCRIPTION "shell, commands and file copy for virtual machines
A server, a client and an ssh ProxyCommand that reach a virtual machine over
AF_VSOCK, without a network, an address or a configuration: interactive
shells, commands with their exit status, and checked copies of files and
folders. Unix sockets and the sockets of Firecracker and cloud-hypervisor
serve as well.

The server starts when one of its systemd units is enabled, not before. It
then lets in the host of the virtual machine and nobody else.")

if(TARGET vsock-shell-ssh-session)
    debian_package(ssh NAME vsock-shell-ssh SECTION admin MULTI_ARCH foreign
        DEPENDS "vsock-shell ${same_version}"
        DESCRIPTION "SSH server for virtual machines, for vsock-shell
Lets vsock-shell-server speak SSH on the port of its own protocol, so that
ssh, scp, sftp, rsync, sshfs, git and all that is built on them reach a
virtual machine over AF_VSOCK, without a network.

It is used when the server runs with the option --ssh.")
endif()

debian_package(library NAME libvsock-shell1 SECTION libs MULTI_ARCH same
    DESCRIPTION "shell, commands and file copy for virtual machines - library
The client side of vsock-shell for other programs: addresses, connections
over AF_VSOCK and unix sockets, commands and file copies.

This package contains the shared library.")

debian_package(development NAME libvsock-shell-dev SECTION libdevel MULTI_ARCH same
    DEPENDS "libvsock-shell1 ${same_version}"
    DESCRIPTION "shell, commands and file copy for virtual machines - headers
The client side of vsock-shell for other programs: addresses, connections
over AF_VSOCK and unix sockets, commands and file copies.

This package contains the headers and the pkg-config file.")

include(CPack)
