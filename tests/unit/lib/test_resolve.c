/* SPDX-License-Identifier: MIT */
/* Names: hosts files, the command lines of QEMU, machined's files, and which of them decides. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <vsock-shell/address.h>

#include "lib/resolve.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *content, size_t length)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, length), length);
    (void)close(fd);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/vsh-resolve-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mkdir(in_folder("vsock-shell"), 0700), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command); /* NOLINT(cert-env33-c): a path of our own making */
}

struct seen {
    char text[2048]; /* "name=address user source\n" per entry, "!name why\n" per bad one */
};

static int note(const struct vsh_name *name, void *data)
{
    struct seen *seen = data;
    char address[VSH_ADDRESS_MAX];
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "%s=%s,%s\n", name->name,
                   vsh_address_format(&name->address, address, sizeof(address)), name->user);
    return 0;
}

static int note_bad(const char *name, const char *why, void *data)
{
    struct seen *seen = data;
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof(seen->text) - length, "!%s %s\n", name,
                   why + strlen(folder));
    return 0;
}

static void test_hosts_file(void **state)
{
    static const char content[] = "# comment\n"
                                  "\n"
                                  "a 3\n"
                                  "  b\tvsock:4:22   root\t# the second\r\n"
                                  "c.vsock unix:/run/c #x\n"
                                  "d mux:/run/d:7\n"
                                  "e\n"
                                  "f other\n"
                                  "g 5 user more\n"
                                  "h vsock:x\n"
                                  "i host"; /* no newline at the end */
    static const char wanted[] =
        "a=vsock:3:5000,\nb=vsock:4:22,root\nc=unix:/run/c,\nd=mux:/run/d:7,\n"
        "!e /hosts, line 7: a line is \"name address [user]\"\n"
        "!f /hosts, line 8: \"other\" must be an address, not another name\n"
        "!g /hosts, line 9: a line is \"name address [user]\"\n"
        "!h /hosts, line 10: \"vsock:x\" is no vsock address: the CID must be a number from 0 to "
        "4294967294, host or local\n"
        "i=vsock:2:5000,\n";
    struct seen seen = {0};
    const struct name_visit visit = {note, note_bad, &seen};
    (void)state;
    put("hosts", content, sizeof(content) - 1);
    assert_int_equal(resolve_hosts_file(in_folder("hosts"), &visit), 0);
    assert_string_equal(seen.text, wanted);
    assert_int_equal(resolve_hosts_file(in_folder("missing"), &visit), 0);
    assert_int_equal(resolve_hosts_file(in_folder("hosts/missing"), &visit), 0);
    assert_int_equal(resolve_hosts_file(folder, &visit), -EISDIR);
}

static void test_long_words(void **state)
{
    char line[600];
    (void)state;
    for (size_t length = VSH_NAME_MAX - 1; length <= VSH_NAME_MAX; length++) {
        struct seen seen = {0};
        const struct name_visit visit = {note, note_bad, &seen};
        memset(line, 'n', length);
        (void)snprintf(line + length, sizeof(line) - length, " 3");
        put("hosts", line, strlen(line));
        assert_int_equal(resolve_hosts_file(in_folder("hosts"), &visit), 0);
        assert_int_equal(seen.text[0] == '!', length == VSH_NAME_MAX);
    }
}

#define ARGS(text) text, sizeof(text) /* the NUL behind the last argument is part of it */

static void test_qemu(void **state)
{
    static const struct {
        const char *line;
        size_t length;
        const char *wanted;
    } rows[] = {
        {ARGS("qemu-system-x86_64\0-name\0vm1\0-device\0vhost-vsock-pci,guest-cid=3"),
         "vm1=vsock:3:5000,\n"},
        {ARGS("qemu\0-name\0guest=vm2,debug-threads=on\0-device\0vhost-vsock-pci,id=v,guest-cid=42,"
              "x=y"),
         "vm2=vsock:42:5000,\n"},
        {ARGS("qemu\0-name\0debug-threads=on,guest=vm3\0-device\0"
              "{\"driver\":\"vhost-vsock-pci\",\"id\":\"vsock0\",\"guest-cid\":77,\"vhostfd\":"
              "\"30\"}"),
         "vm3=vsock:77:5000,\n"},
        {ARGS("qemu\0-device\0{\"guest-cid\" : 78, \"driver\":\"vhost-vsock-pci\"}\0--name\0vm4"),
         "vm4=vsock:78:5000,\n"},
        {ARGS("qemu\0-name\0a,,b,process=x\0--device\0vhost-vsock-device,guest-cid=4294967294"),
         "a,b=vsock:4294967294:5000,\n"},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=4294967295"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=4294967296"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid="), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=3x"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=00000000000000000000000003"),
         ""},
        {ARGS("qemu\0-name\0vm5\0-device\0virtio-net,guest-cid=3"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci"), ""},
        {ARGS("qemu\0-device\0vhost-vsock-pci,guest-cid=3"), ""},
        {ARGS("qemu\0-name\0process=x\0-device\0vhost-vsock-pci,guest-cid=3"), ""},
        {ARGS("qemu\0-name\0\0-device\0vhost-vsock-pci,guest-cid=3"), ""},
        {ARGS("qemu\0-device\0vhost-vsock-pci,guest-cid=3\0-name"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":\"x\"}"),
         ""},
        {"", 0, ""},
        {"-name", 5, ""},
        {"-name\0x\0-device\0vhost-vsock,guest-cid=5", 39, "x=vsock:5:5000,\n"},
    };
    (void)state;
    assert_int_equal(mkdir(in_folder("12"), 0700), 0);
    assert_int_equal(mkdir(in_folder("self"), 0700), 0);
    put("self/cmdline", rows[0].line, rows[0].length);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen seen = {0};
        const struct name_visit visit = {note, NULL, &seen};
        put("12/cmdline", rows[i].line, rows[i].length);
        assert_int_equal(resolve_qemu(folder, &visit), 0);
        if (strcmp(seen.text, rows[i].wanted) != 0) {
            fail_msg("row %zu gave \"%s\"", i, seen.text);
        }
    }
    struct seen seen = {0};
    const struct name_visit visit = {note, NULL, &seen};
    assert_int_equal(resolve_qemu(in_folder("missing"), &visit), 0);
    assert_string_equal(seen.text, "");
}

static void test_machined(void **state)
{
    static const char vm[] = "# This is private data\nNAME=vm1\nCLASS=vm\nVSOCK_CID=9\nLEADER=12\n";
    static const char container[] = "NAME=c\nCLASS=container\n";
    static const char bad[] = "VSOCK_CID=4294967295\n";
    struct seen seen = {0};
    const struct name_visit visit = {note, NULL, &seen};
    (void)state;
    assert_int_equal(mkdir(in_folder("machines"), 0700), 0);
    put("machines/vm1", vm, sizeof(vm) - 1);
    put("machines/unit:vm1", vm, sizeof(vm) - 1);
    put("machines/.#vm1", vm, sizeof(vm) - 1);
    put("machines/c", container, sizeof(container) - 1);
    put("machines/bad", bad, sizeof(bad) - 1);
    assert_int_equal(resolve_machined(in_folder("machines"), &visit), 0);
    assert_string_equal(seen.text, "vm1=vsock:9:5000,\n");
    assert_int_equal(resolve_machined(in_folder("missing"), &visit), 0);
}

static int resolve(const char *text, char *ret_text, char *user, char error[static 512])
{
    struct vsh_address address;
    int rc = vsh_address_resolve(text, &address, user, error, 512);
    if (rc == 0) {
        (void)vsh_address_format(&address, ret_text, VSH_ADDRESS_MAX);
    }
    return rc;
}

static void test_resolve(void **state)
{
    static const char content[] = "first 3 alice\nfirst 4 bob\nbroken x y z\nother vsock:nope\n";
    char text[VSH_ADDRESS_MAX];
    char user[VSH_NAME_MAX];
    char error[512];
    (void)state;
    put("vsock-shell/hosts", content, sizeof(content) - 1);
    assert_int_equal(resolve("first", text, user, error), 0);
    assert_string_equal(text, "vsock:3:5000");
    assert_string_equal(user, "alice");
    assert_int_equal(resolve("first.vsock", text, NULL, error), 0);
    assert_int_equal(resolve("7", text, user, error), 0);
    assert_string_equal(user, "");
    assert_int_equal(resolve("broken", text, user, error), -EINVAL);
    assert_non_null(strstr(error, "vsock-shell/hosts, line 3: a line is"));
    assert_int_equal(resolve("other", text, user, error), -EINVAL);
    assert_non_null(strstr(error, "line 4"));
    assert_int_equal(resolve("no-such-vm-here.vsock", text, user, error), -ENOENT);
    assert_non_null(strstr(error, "the name \"no-such-vm-here\""));
    assert_int_equal(resolve("+", text, user, error), -EINVAL);
    assert_int_equal(resolve("any", text, user, error), -EINVAL);

    /* A file that is there but cannot be read must not be taken for "no such name". */
    (void)unlink(in_folder("vsock-shell/hosts"));
    assert_int_equal(mkdir(in_folder("vsock-shell/hosts"), 0700), 0);
    assert_int_equal(resolve("first", text, user, error), -EINVAL);
    assert_non_null(strstr(error, "hosts file"));
}

static void test_home(void **state)
{
    char text[VSH_ADDRESS_MAX];
    char error[512];
    (void)state;
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_int_equal(mkdir(in_folder(".config"), 0700), 0);
    assert_int_equal(mkdir(in_folder(".config/vsock-shell"), 0700), 0);
    put(".config/vsock-shell/hosts", "hers 5", 6);
    assert_int_equal(resolve("hers", text, NULL, error), 0);
    assert_string_equal(text, "vsock:5:5000");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(resolve("hers", text, NULL, error), -ENOENT);
}

static void test_path_suffix(void **state)
{
    char target[256];
    char text[VSH_ADDRESS_MAX];
    char wanted[VSH_ADDRESS_MAX];
    char error[512];
    (void)state;
    (void)snprintf(target, sizeof(target), "unix:%s", in_folder("s.vsock"));
    assert_int_equal(resolve(target, text, NULL, error), 0);
    (void)snprintf(wanted, sizeof(wanted), "unix:%s", in_folder("s"));
    assert_string_equal(text, wanted);
    put("s.vsock", "", 0);
    assert_int_equal(resolve(target, text, NULL, error), 0);
    assert_string_equal(text, target);
    assert_int_equal(resolve("unix%@x.vsock", text, NULL, error), 0);
    assert_string_equal(text, "unix:@x");
    (void)snprintf(target, sizeof(target), "mux:%s:22.vsock", in_folder("v"));
    assert_int_equal(resolve(target, text, NULL, error), 0);
    (void)snprintf(wanted, sizeof(wanted), "mux:%s:22", in_folder("v"));
    assert_string_equal(text, wanted);
    (void)snprintf(target, sizeof(target), "vsock-mux%s.vsock", in_folder("v"));
    assert_int_equal(resolve(target, text, NULL, error), 0);
    (void)snprintf(wanted, sizeof(wanted), "mux:%s:5000", in_folder("v"));
    assert_string_equal(text, wanted);
}

static int stop_at_second(const struct vsh_name *name, void *data)
{
    unsigned *count = data;
    (void)name;
    return ++*count == 2 ? 77 : 0;
}

static void test_list(void **state)
{
    static const char content[] = "a 3 alice\nbad\nb 4\nc 5\n";
    struct seen seen = {0};
    unsigned count = 0;
    (void)state;
    put("vsock-shell/hosts", content, sizeof(content) - 1);
    assert_int_equal(vsh_address_list(note, &seen), 0);
    static const char wanted[] = "a=vsock:3:5000,alice\nb=vsock:4:5000,\nc=vsock:5:5000,\n";
    assert_memory_equal(seen.text, wanted, sizeof(wanted) - 1);
    assert_int_equal(vsh_address_list(stop_at_second, &count), 77);
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hosts_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_qemu, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_machined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resolve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_home, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_path_suffix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
