#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The packages as files: what is in which, modes, dependencies, scripts, hardening, lintian, and that
# the same comes out of every making.

TEST_LIMIT=120
# shellcheck source=../support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
# shellcheck source=../support/debs.sh
. "$SUPPORT/debs.sh"
need readelf pkg-config md5sum

VERSION=$(sed -n 's/^project(vsock-shell VERSION \([0-9.]*\).*/\1/p' "$TOP/CMakeLists.txt")
TREE=$TMP/tree
DEBS=$TMP/debs
UMASK_BEFORE=$(umask)

# A builder's umask is nobody's business.
mkdir "$TREE"
umask 077
make_packages 1 "$DEBS"
umask "$UMASK_BEFORE"
[ "$(find "$DEBS" -name '*.deb' | wc -l)" -eq "${#PACKAGES[@]}" ] || fail "not four packages: $(ls "$DEBS")"
for package in "${PACKAGES[@]}"; do
    dpkg-deb -R "$(deb_of "$package" "$DEBS")" "$TREE/$package"
    dpkg-deb -c "$(deb_of "$package" "$DEBS")" >"$TMP/$package.list"
done
ok 'cpack makes four packages'

# Control fields

# $1 package, $2 field, $3 what it matches as a whole.
expect_field()
{
    local value
    value=$(field "$1" "$DEBS" "$2")
    [[ $value =~ ^($3)$ ]] || fail "$1: $2 is '$value' and not '$3'"
}

for package in "${PACKAGES[@]}"; do
    expect_field "$package" Version "$VERSION-1"
    expect_field "$package" Source vsock-shell
    expect_field "$package" Maintainer '.+ <.+@.+>'
    expect_field "$package" Priority optional
    expect_field "$package" Homepage ''
done
LIBC='libc6 \(>= [0-9.]+\)'
expect_field vsock-shell Depends "$LIBC"
expect_field vsock-shell-ssh Depends "vsock-shell \(= $VERSION-1\), $LIBC, libssh-4 \(>= [0-9.]+\)"
expect_field libvsock-shell1 Depends "$LIBC"
expect_field libvsock-shell-dev Depends "libvsock-shell1 \(= $VERSION-1\)"
expect_field libvsock-shell1 Multi-Arch same
expect_field libvsock-shell1 Section libs
ok 'versions come from the project; vsock-shell and the library depend on libc alone'

# Files

# Every file that is installed is in one package, under its name there; links are as they were.
DESTDIR=$TMP/installed expect_status 0 install_build
rm "$TMP"/installed/usr/share/doc/vsock-shell/LICENSE
(cd "$TMP/installed" && find . ! -type d | sed 's|\(/man/.*\)|\1.gz|' | sort) >"$TMP/installed.list"
(cd "$TREE" && find . ! -type d ! -path '*/DEBIAN/*' | sed 's|^\./[^/]*|.|' | sort) >"$TMP/packed.list"
[ -z "$(uniq -d "$TMP/packed.list")" ] || fail "in two packages: $(uniq -d "$TMP/packed.list")"
comm -3 "$TMP/installed.list" "$TMP/packed.list" | tr -d '\t' >"$TMP/difference"
{
    printf './usr/share/doc/%s/copyright\n' "${PACKAGES[@]}"
    printf './usr/share/doc/%s/changelog.Debian.gz\n' "${PACKAGES[@]}"
    echo ./etc/default/vsock-shell
} | sort | diff - <(sort "$TMP/difference") >&2 || fail 'the packages hold other files than an installation'

expect_in()
{
    local package=$1 path
    shift
    for path; do
        [ -e "$TREE/$package/$path" ] || [ -L "$TREE/$package/$path" ] || fail "$package has no $path"
    done
}
LIBDIR=usr/lib/$(gcc -print-multiarch)
expect_in vsock-shell usr/bin/vsock-shell-{server,client,proxy} etc/ssh/ssh_config.d/30-vsock-shell.conf \
    etc/default/vsock-shell usr/lib/systemd/system/vsock-shell{.service,.socket,@.service} \
    usr/share/man/man8/vsock-shell-server.8.gz usr/share/bash-completion/completions/vsock-shell-client
expect_in vsock-shell-ssh usr/libexec/vsock-shell-ssh-session usr/share/man/man8/vsock-shell-ssh-session.8.gz
expect_in libvsock-shell1 "$LIBDIR/libvsock-shell.so.1"
expect_in libvsock-shell-dev "$LIBDIR/libvsock-shell.so" "$LIBDIR/pkgconfig/vsock-shell.pc" \
    usr/include/vsock-shell/client.h
ok 'every installed file is in one package, and where Debian has such files'

for package in "${PACKAGES[@]}"; do
    ! grep -vE '^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root/root ' "$TMP/$package.list" ||
        fail "$package: modes or owners"
    while read -r mode _ _ _ _ path; do
        case $mode,$path in
        -rwx*,./usr/bin/* | -rwx*,./usr/libexec/* | -rwx*,*/examples/openrc/init.d/*) ;;
        -rwx*,*/initramfs-tools/* | -rwx*,*/vsock-shell/initramfs/st* | -rwx*,*/dracut/modules.d/*.sh) ;;
        -rwx* | -*,./usr/bin/*) fail "$package: $mode $path" ;;
        esac
    done <"$TMP/$package.list"
    (cd "$TREE/$package" && md5sum --quiet -c DEBIAN/md5sums) >&2 || fail "$package: md5sums"
    [ "$(wc -l <"$TREE/$package/DEBIAN/md5sums")" -eq "$(grep -c '^-' "$TMP/$package.list")" ] ||
        fail "$package: md5sums of some files only"
done
ok 'modes, owners and checksums, although the umask was 077'

(cd "$TREE/vsock-shell" && find etc -type f -printf '/%p\n' | sort) | cmp - "$TREE/vsock-shell/DEBIAN/conffiles" ||
    fail 'conffiles'
cat >"$TMP/control.list" <<END
libvsock-shell-dev/DEBIAN/control 644
libvsock-shell-dev/DEBIAN/md5sums 644
libvsock-shell1/DEBIAN/control 644
libvsock-shell1/DEBIAN/md5sums 644
libvsock-shell1/DEBIAN/shlibs 644
libvsock-shell1/DEBIAN/triggers 644
vsock-shell-ssh/DEBIAN/control 644
vsock-shell-ssh/DEBIAN/md5sums 644
vsock-shell-ssh/DEBIAN/postrm 755
vsock-shell/DEBIAN/conffiles 644
vsock-shell/DEBIAN/control 644
vsock-shell/DEBIAN/md5sums 644
vsock-shell/DEBIAN/postinst 755
vsock-shell/DEBIAN/postrm 755
vsock-shell/DEBIAN/prerm 755
END
(cd "$TREE" && find . -path '*/DEBIAN/*' -printf '%P %m\n' | sort) | diff "$TMP/control.list" - >&2 ||
    fail 'control files'
expect_line "libvsock-shell 1 libvsock-shell1 (>= $VERSION)" "$TREE/libvsock-shell1/DEBIAN/shlibs"
expect_line 'activate-noawait ldconfig' "$TREE/libvsock-shell1/DEBIAN/triggers"
for package in "${PACKAGES[@]}"; do
    gzip -dc "$TREE/$package/usr/share/doc/$package/changelog.Debian.gz" >"$TMP/changelog"
    expect_status 0 dpkg-parsechangelog -l "$TMP/changelog" -S Version
    expect_line "$VERSION-1"
    tr -s ' \n.' ' ' <"$TREE/$package/usr/share/doc/$package/copyright" >"$TMP/copyright"
    grep -qF "$(sed 1,4d "$TOP/LICENSE" | tr -s ' \n.' ' ' | sed 's/ $//')" "$TMP/copyright" ||
        fail "$package: the licence is not in its copyright file"
done
ok 'conffiles, scripts, shlibs, change log and licence'

# Programs

BINARIES=()
for program in vsock-shell/usr/bin/vsock-shell-{server,client,proxy} vsock-shell-ssh/usr/libexec/vsock-shell-ssh-session; do
    BINARIES+=("$TREE/$program")
    expect_status 0 "$TREE/$program" --version
    expect_line "$(basename "$program") $VERSION"
done
expect_line "Version: $VERSION" "$TREE/libvsock-shell-dev/$LIBDIR/pkgconfig/vsock-shell.pc"
ok "--version and pkg-config say $VERSION"

for binary in "${BINARIES[@]}" "$TREE/libvsock-shell1/$LIBDIR/libvsock-shell.so.1"; do
    readelf -hlSdW --dyn-syms "$binary" >"$OUT"
    while read -r what; do
        grep -qE -e "$what" "$OUT" || fail "$(basename "$binary") lacks '$what'"
    done <<'END'
Type: +DYN
GNU_RELRO
\(FLAGS\) +BIND_NOW
__stack_chk_fail
__(memcpy|sprintf|snprintf|vsnprintf|fprintf|asprintf|read|fdelt|memset|strcpy|strncpy)_chk
GNU_STACK .* RW[ ]
END
    [ "$binary" = "$TREE/libvsock-shell1/$LIBDIR/libvsock-shell.so.1" ] || expect_match 'FLAGS_1.*PIE' "$OUT"
    ! grep -E '\.symtab|\.debug_|R(UN)?PATH' "$OUT" >&2 || fail "$(basename "$binary") is not stripped, or has a path"
    ! grep -qaF "$TOP" "$binary" || fail "$(basename "$binary") holds the path of the build"
done
ok 'position independent, RELRO, BIND_NOW, stack protector, fortified, stripped'

# Another program, by what the library's packages hold and nothing else.
mkdir "$TMP/root"
for package in libvsock-shell1 libvsock-shell-dev; do
    dpkg-deb -x "$(deb_of "$package" "$DEBS")" "$TMP/root"
done
export PKG_CONFIG_LIBDIR=$TMP/root/$LIBDIR/pkgconfig PKG_CONFIG_SYSROOT_DIR=$TMP/root
read -ra flags <<<"$(pkg-config --cflags --libs vsock-shell)"
expect_status 0 gcc -std=c17 "$SUPPORT/library_example.c" -o "$TMP/example" "${flags[@]}"
start_server
expect_status 7 env LD_LIBRARY_PATH="$TMP/root/$LIBDIR" "$TMP/example" "$T" run 'exit 7' </dev/null
mkdir -p "$TMP/other/debian"
printf 'Source: x\n\nPackage: x\nArchitecture: any\n' >"$TMP/other/debian/control"
echo "libvsock-shell 1 $(cut -d ' ' -f 3- "$TREE/libvsock-shell1/DEBIAN/shlibs")" >"$TMP/other/debian/shlibs.local"
(cd "$TMP/other" && dpkg-shlibdeps -O -l"$TMP/root/$LIBDIR" "$TMP/example") >"$OUT" 2>"$ERR"
expect_match "libvsock-shell1 \(>= $VERSION\)" "$OUT"
ok 'a program is built with libvsock-shell-dev and depends on libvsock-shell1'

# The same again, from another umask and later; only cpack's own file modes differ.
make_packages 1 "$TMP/again"
for package in "${PACKAGES[@]}"; do
    for part in control.tar.gz data.tar.xz; do
        cmp <(ar p "$(deb_of "$package" "$DEBS")" "$part") <(ar p "$(deb_of "$package" "$TMP/again")" "$part") ||
            fail "$package: two makings differ"
    done
done
ok 'two makings are the same, byte by byte'

# Last, for those who have no lintian. Nothing is uploaded to Debian, and no bug of its asks for it.
need lintian
run lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$DEBS"/*.deb
cat "$OUT" >&2
[ "$STATUS" -eq 0 ] && ! grep -q '^[EW]:' "$OUT" || fail 'lintian has objections'
ok 'lintian has nothing to say'
