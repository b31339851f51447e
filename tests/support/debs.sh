# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What tests/packages adds to lib.sh, sourced behind it. $VSH_BUILD is a build for packages there:
# contrib/cmake/package.cmake.
#
#   PACKAGES                      the names
#   make_packages REVISION FOLDER    makes all of them in FOLDER
#   deb_of NAME FOLDER            prints the file of a package there
#   field NAME FOLDER FIELD       prints a field of its control file

PACKAGES=(vsock-shell vsock-shell-ssh libvsock-shell1 libvsock-shell-dev)

need cpack dpkg-deb dpkg-shlibdeps
grep -qx 'CMAKE_INSTALL_PREFIX:PATH=/usr' "$VSH_BUILD/CMakeCache.txt" || skip "$VSH_BUILD is no build that makes packages"

make_packages()
{
    (cd "$VSH_BUILD" && cpack -G DEB -D "CPACK_DEBIAN_PACKAGE_RELEASE=$1" -B "$2") >"$TMP/cpack.log" 2>&1 || {
        tail -n 20 "$TMP/cpack.log" >&2
        fail 'cpack makes no packages'
    }
    rm -rf "$2/_CPack_Packages"
}

deb_of()
{
    local file
    for file in "$2/$1"_*.deb; do
        printf '%s\n' "$file"
    done
}

field()
{
    dpkg-deb -f "$(deb_of "$1" "$2")" "$3"
}
