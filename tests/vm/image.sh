# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Folders of programs with the libraries they need, packed as an initramfs (cpio, newc). Not
# compressed: the emulated processor unpacks more slowly than the real one copies.

# image_folders ROOT: what an image begins with.
image_folders()
{
    local root=$1 name
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{dev,proc,sys,tmp,run}
    for name in bin sbin lib lib64; do
        ln -s "usr/$name" "$root/$name"
    done
}

# image_add ROOT FILE...: files at the same path in ROOT; of programs and libraries, all they load.
image_add()
{
    local root=$1 file library
    shift
    for file; do
        [ ! -e "$root$file" ] || continue
        mkdir -p "$root${file%/*}"
        cp -L --preserve=mode "$file" "$root$file"
        while IFS= read -r library; do
            if [ ! -e "$root$library" ]; then
                mkdir -p "$root${library%/*}"
                cp -L --preserve=mode "$library" "$root$library"
            fi
        done < <(ldd "$file" 2>/dev/null | sed -nE 's/.*[ \t](\/[^ ]+) \(0x.*/\1/p')
    done
}

# image_programs ROOT NAME...: installed programs by name, in /usr/bin. One that is missing is left
# out: the tests that need it skip.
image_programs()
{
    local root=$1 name file
    shift
    for name; do
        file=$(PATH=/usr/bin:/usr/sbin:/bin:/sbin type -P "$name") || continue
        image_add "$root" "$file"
        [ "$file" = "/usr/bin/$name" ] || cp -L "$file" "$root/usr/bin/$name"
    done
}

# image_busybox ROOT: a link for every program of busybox that is not there itself.
image_busybox()
{
    local root=$1 name
    cp /bin/busybox "$root/bin/busybox"
    while IFS= read -r name; do
        [ -e "$root/usr/bin/$name" ] || ln -s /bin/busybox "$root/usr/bin/$name"
    done < <(/bin/busybox --list)
}

# image_python ROOT: the interpreter and the part of its library that tests use.
image_python()
{
    local root=$1 folder
    [ -x /usr/bin/python3 ] || return 0
    image_add "$root" /usr/bin/python3
    folder=$(/usr/bin/python3 -c 'import os; print(os.path.dirname(os.__file__))')
    mkdir -p "$root$folder"
    tar -C "$folder" --exclude=test --exclude=tests --exclude=idlelib --exclude=lib2to3 \
        --exclude=ensurepip --exclude=distutils --exclude=pydoc_data --exclude=tkinter \
        --exclude=unittest --exclude='config-*' --exclude=dist-packages -c . | tar -C "$root$folder" -x
    # What the extension modules load.
    find "$folder/lib-dynload" -name '_ctypes*.so' -o -name '_hashlib*.so' | while IFS= read -r file; do
        rm -f "$root$file"
        image_add "$root" "$file"
    done
}

# image_accounts ROOT: root, an ordinary user, nobody, and the groups that a login looks for.
image_accounts()
{
    local etc=$1/etc
    mkdir -p "$etc" "$1/root" "$1/home/tester"
    cat >"$etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/bash
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
tester:x:1000:1000:Tester:/home/tester:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
    cat >"$etc/group" <<'END'
root:x:0:
tty:x:5:
tester:x:1000:
nogroup:x:65534:
END
    printf 'passwd: files\ngroup: files\nhosts: files\n' >"$etc/nsswitch.conf"
    printf '127.0.0.1 localhost\n' >"$etc/hosts"
    printf '/bin/sh\n/bin/bash\n' >"$etc/shells"
}

# image_pack ROOT FILE: whole or not at all, also when two runs do it at once.
image_pack()
{
    (cd "$1" && find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet) >"$2.$$"
    mv "$2.$$" "$2"
}
