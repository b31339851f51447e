/* SPDX-License-Identifier: MIT */
/* Whose VMs give names, and Firecracker's and cloud-hypervisor's, which lead to files. */
#include "resolve_proc_helper.h"

#include <sys/socket.h>
#include <sys/un.h>

/* Whose word counts. The uid of root is everybody's to believe, so "us" is tested as another. */
static void test_trust(void **state)
{
    static const char line[] = "qemu\0-name\0vm\0-device\0vhost-vsock-pci,guest-cid=3";
    static const struct {
        const char *program;
        unsigned real, effective;
        const char *pids;
        bool believed;
    } rows[] = {
        {"/usr/bin/qemu-system-x86_64", 0, 0, NULL, true},
        {"/usr/bin/qemu-system-x86_64 (deleted)", 0, 0, NULL, true},
        {NULL, 0, 0, NULL, true},
        {"/bin/qemu", HYPERVISOR, HYPERVISOR, NULL, true},
        {"/bin/qemu", OTHER, OTHER, NULL, false},
        {NULL, OTHER, OTHER, NULL, false},
        {"/bin/qemu", OTHER, 0, NULL, false}, /* a set-uid program of root, started by somebody */
        {"/bin/qemu", 0, OTHER, NULL, false},
        {"/bin/qemu", OTHER, HYPERVISOR, NULL, false},
        {"/bin/qemu", 0, 0, "12\t7", false}, /* in a container */
        {"/usr/bin/sudo", 0, 0, NULL, false},
        {"/qemu/sudo", 0, 0, NULL, false},
    };
    static const char users[] = "root:x:0:0::/:/bin/sh\nbad\nqemu:x\nlibvirt-qemu:x:12346:1:a:b:c\n"
                                "libvirt-qemux:x:12345:1:::\nqemu:x:x:1:::\n";
    (void)state;
    put("passwd", users, sizeof(users) - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct fake fake = {
            "12",        line, sizeof(line), rows[i].program, rows[i].real, rows[i].effective,
            rows[i].pids};
        struct seen seen = {0};
        put_process(&fake);
        scan(NULL, &seen);
        if ((seen.text[0] != '\0') != rows[i].believed) {
            fail_msg("row %zu gave \"%s\"", i, seen.text);
        }
        /* What is not believed is told of when somebody asks for the name, and only then. */
        scan("vm", &seen);
        if ((strncmp(seen.text, "!vm ", 4) == 0) == rows[i].believed) {
            fail_msg("row %zu claims \"%s\"", i, seen.text);
        }
        scan("vm2", &seen);
        assert_string_equal(seen.text, "");
    }
    put(in_process("12", "status"), "Uid:\t0\t0\n", 9);
    struct seen seen = {0};
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
}

/* The program of the process as the kernel links it: a set-uid one is lent to whoever starts it. */
static void test_setuid_program(void **state)
{
    struct fake fake = {
        "12", ARGS("qemu\0-name\0vm\0-device\0vhost-vsock-pci,guest-cid=3"), NULL, 0, 0, NULL};
    static char program[256];
    struct seen seen = {0};
    (void)state;
    put("qemu", "", 0);
    (void)snprintf(program, sizeof(program), "%s", in_folder("qemu"));
    fake.program = program;
    put_process(&fake);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "vm=vsock:3:5000,\n");
    assert_int_equal(chmod(program, 04755), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
}

static void test_firecracker(void **state)
{
    static const struct {
        const char *config;
        mode_t mode;
        const char *wanted; /* behind "fc1=mux:", with the folder left out */
    } rows[] = {
        {"{\"boot-source\":{\"a\":[1,{}]},\"vsock\":{\"guest_cid\":3,\"uds_path\":\"./v.sock\"}}",
         0600, "/v.sock:5000,\n"},
        {"{\"vsock\":{\"uds_path\":\"/\\u0072un/v\"}}", 0600, "=/run/v:5000,\n"},
        {"{\"vsock\":{\"uds_path\":\"\"}}", 0600, NULL},
        {"{\"vsock\":null}", 0600, NULL},
        {"{}", 0600, NULL},
        {"", 0600, NULL},
        {"{\"uds_path\":\"/x\"}", 0600, NULL},
    };
    const struct fake fake = {"12",
                              ARGS("/usr/bin/firecracker-v1.7\0--id\0fc1\0--config-file\0fc.json"),
                              "/usr/bin/firecracker-v1.7",
                              geteuid(),
                              geteuid(),
                              NULL};
    (void)state;
    put_process(&fake);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen seen = {0};
        char wanted[256] = "";
        put("fc.json", rows[i].config, strlen(rows[i].config));
        scan(NULL, &seen);
        if (rows[i].wanted != NULL) {
            bool whole = rows[i].wanted[0] == '=';
            (void)snprintf(wanted, sizeof(wanted), "fc1=mux:%s%s", whole ? "" : folder,
                           rows[i].wanted + (whole ? 1 : 0));
        }
        if (strcmp(seen.text, wanted) != 0) {
            fail_msg("row %zu gave \"%s\"", i, seen.text);
        }
    }
    /* Without its own root and folder nobody can say which file it means. */
    struct seen seen = {0};
    put("fc.json", rows[0].config, strlen(rows[0].config));
    link_to(NULL, "12", "root");
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
}

/* Files that are not the process's to read, or no files, are not opened. */
static void test_firecracker_files(void **state)
{
    static const char config[] = "{\"vsock\":{\"uds_path\":\"/v\"}}";
    struct fake fake = {
        "12", ARGS("firecracker\0--id=fc1\0--config-file=fc.json"), "/firecracker", 0, 0, NULL};
    struct seen seen = {0};
    (void)state;
    put_process(&fake);
    assert_int_equal(mkfifo(in_folder("fc.json"), 0600), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
    assert_int_equal(unlink(in_folder("fc.json")), 0);
    put("fc.json", config, sizeof(config) - 1);
    if (geteuid() != 0) {
        skip();
    }
    scan(NULL, &seen);
    assert_string_equal(seen.text, "fc1=mux:/v:5000,\n");
    assert_int_equal(chown(in_folder("fc.json"), OTHER, 0), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
    /* A process of the hypervisor's user: its own files, and root's if everybody may read them. */
    fake.real = fake.effective = HYPERVISOR;
    put("passwd", "qemu:x:12346:0:::\n", 18);
    put_process(&fake);
    assert_int_equal(chown(in_folder("fc.json"), 0, 0), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
    assert_int_equal(chmod(in_folder("fc.json"), 0604), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "fc1=mux:/v:5000,\n");
    assert_int_equal(chmod(in_folder("fc.json"), 0600), 0);
    assert_int_equal(chown(in_folder("fc.json"), HYPERVISOR, 0), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "fc1=mux:/v:5000,\n");
}

/* In a jail the paths begin at its root: the file is read and the socket reached through it. */
static void test_jail(void **state)
{
    static const char config[] = "{\"vsock\":{\"uds_path\":\"/run/v\"}}";
    const struct fake fake = {
        "12",           ARGS("firecracker\0--id\0fc1\0--config-file\0/fc.json"),
        "/firecracker", geteuid(),
        geteuid(),      NULL};
    char wanted[256];
    char jail[256];
    struct seen seen = {0};
    (void)state;
    put_process(&fake);
    assert_int_equal(mkdir(in_folder("jail"), 0700), 0);
    (void)snprintf(jail, sizeof(jail), "%s", in_folder("jail"));
    link_to(jail, "12", "root");
    put("jail/fc.json", config, sizeof(config) - 1);
    scan(NULL, &seen);
    (void)snprintf(wanted, sizeof(wanted), "fc1=mux:%s/12/root/run/v:5000,\n", folder);
    assert_string_equal(seen.text, wanted);
    /* Nothing leads out of it. */
    put("out.json", config, sizeof(config) - 1);
    assert_int_equal(unlink(in_folder("jail/fc.json")), 0);
    char out[256];
    (void)snprintf(out, sizeof(out), "%s", in_folder("out.json"));
    assert_int_equal(symlink(out, in_folder("jail/fc.json")), 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
}

static int make_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_folder(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Set up over the API: of the sockets it listens on, the one that is not the API's. */
static void test_firecracker_listener(void **state)
{
#define ROW(flags, inode, path) "ffff8a00: 00000002 00000000 " flags " 0001 01 " inode " " path "\n"
    static const char head[] = "Num       RefCount Protocol Flags    Type St Inode Path\n";
    static const struct {
        const char *table, *wanted;
    } rows[] = {
        {ROW("00010000", "71", "/api") ROW("00010000", "72", "./v"), "/v"},
        {ROW("00010000", "71", "/api") ROW("00010000", "72", "./a b"), "/a b"},
        {ROW("00000000", "72", "./v") ROW("00010000", "71", "/api"), ""},
        {ROW("00010000", "72", "./v") ROW("00010000", "73", "./w"), ""},
        {ROW("00010000", "70", "/other") ROW("00010000", "72", "@v"), ""},
        /* Its line and one that somebody's path with a newline has made. */
        {ROW("00010000", "71", "/api") ROW("00010000", "71", "./v"), ""},
        {ROW("00010000", "72", "./v") ROW("00000000", "72", "./v"), ""},
        {ROW("00010000", "72", "./file"), ""},
        {ROW("00010000", "72", "./none"), ""},
        {"ffff8a00: 00000002 00000000 00010000 0001 01 72\n", ""},
        {"ffff8a00: 00000002 00000000 00010000 0005 01 72 ./v\n", ""},
        {"ffff8a00: x\n\n:", ""},
    };
    const struct fake fake = {"12",           ARGS("firecracker\0--id\0fc1\0--api-sock\0/api"),
                              "/firecracker", geteuid(),
                              geteuid(),      NULL};
    (void)state;
    put_process(&fake);
    assert_int_equal(mkdir(in_folder("12/fd"), 0700), 0);
    assert_int_equal(mkdir(in_folder("12/net"), 0700), 0);
    link_to("/dev/null", "12", "fd/0");
    link_to("socket:[71]", "12", "fd/3");
    link_to("socket:[72]", "12", "fd/4");
    link_to("socket:[73]", "12", "fd/5");
    int sockets[] = {make_socket("v"), make_socket("w"), make_socket("a b")};
    put("file", "", 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen seen = {0};
        char table[512];
        char wanted[256] = "";
        (void)snprintf(table, sizeof(table), "%s%s", head, rows[i].table);
        put("12/net/unix", table, strlen(table));
        if (rows[i].wanted[0] != '\0') {
            (void)snprintf(wanted, sizeof(wanted), "fc1=mux:%s%s:5000,\n", folder, rows[i].wanted);
        }
        scan(NULL, &seen);
        if (strcmp(seen.text, wanted) != 0) {
            fail_msg("row %zu gave \"%s\"", i, seen.text);
        }
    }
    for (size_t i = 0; i < COUNT(sockets); i++) {
        (void)close(sockets[i]);
    }
}

#define X64  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X448 X64 X64 X64 X64 X64 X64 X64

static void test_cloud_hypervisor(void **state)
{
    static const struct {
        const char *line;
        size_t length;
        const char *wanted;
    } rows[] = {
        {ARGS("cloud-hypervisor\0--vsock\0cid=3,socket=/tmp/vm1.vsock"), "vm1=mux:/tmp/vm1.vsock"},
        {ARGS("/x/cloud-hypervisor-static\0--vsock=socket=/run/v,cid=3\0--api-socket\0/run/ch/"
              "web.sock"),
         "web=mux:/run/v"},
        {ARGS("cloud-hypervisor\0--api-socket\0path=/run/web/api.sock\0--vsock\0cid=3,socket=/v"),
         "web=mux:/v"},
        {ARGS("cloud-hypervisor\0--api-socket\0fd=3\0--vsock\0cid=3,socket=/run/a-socket"),
         "a=mux:/run/a-socket"},
        {ARGS("cloud-hypervisor\0--api-socket=/run/db-socket\0--vsock\0cid=3,socket=\"/a,b\",id=x"),
         "db=mux:/a,b"},
        {ARGS("cloud-hypervisor\0--api-socket\0/api.sock\0--vsock\0cid=3,socket=/v"), "=mux:/v"},
        {ARGS("cloud-hypervisor\0--api-socket\0/run/x.sock\0--vsock\0cid=3"), ""},
        {ARGS("cloud-hypervisor\0--api-socket\0/run/x.sock"), ""},
        {ARGS("cloud-hypervisor\0--vsock\0cid=3,socket="), ""},
        {ARGS("cloud-hypervisor\0--vsock\0socket=/run/v,socket=/" X448), ""},
        {ARGS("cloud-hypervisor\0--vsock\0socket=/" X448 ",socket=/v"), "v=mux:/v"},
        {ARGS("cloud-hypervisor\0--api-socket\0path=/a,path=/" X448 "\0--vsock\0socket=/v"),
         "v=mux:/v"},
        {ARGS("cloud-hypervisor\0--vsock"), ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct fake fake = {"12", rows[i].line, rows[i].length, "/bin/cloud-hypervisor", 0,
                                  0,    NULL};
        struct seen seen = {0};
        char wanted[256];
        put_process(&fake);
        scan(NULL, &seen);
        (void)snprintf(wanted, sizeof(wanted), "%s%s", rows[i].wanted,
                       rows[i].wanted[0] != '\0' ? ":5000,\n" : "");
        if (strcmp(seen.text, wanted) != 0) {
            fail_msg("row %zu gave \"%s\"", i, seen.text);
        }
    }
}

/* Where the process's root cannot be seen, a socket counts that its user has made, no other. */
static void test_unseen_root(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char line[256];
    char wanted[256];
    struct seen seen = {0};
    (void)state;
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", in_folder("vm.sock"));
    int length = snprintf(line, sizeof(line), "cloud-hypervisor%c--vsock%ccid=3,socket=%s", 0, 0,
                          name.sun_path);
    const struct fake fake = {"12", line, (size_t)length + 1, NULL, geteuid(), geteuid(), NULL};
    put_process(&fake);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
    put("vm.sock", "", 0);
    scan(NULL, &seen);
    assert_string_equal(seen.text, "");
    (void)unlink(name.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    scan(NULL, &seen);
    (void)snprintf(wanted, sizeof(wanted), "vm=mux:%s:5000,\n", name.sun_path);
    assert_string_equal(seen.text, wanted);
    if (geteuid() == 0) {
        assert_int_equal(chown(name.sun_path, OTHER, 0), 0);
        scan(NULL, &seen);
        assert_string_equal(seen.text, "");
    }
    (void)close(fd);
}

static void test_no_proc(void **state)
{
    struct seen seen = {0};
    const struct name_visit visit = {note, note_bad, &seen};
    const struct process_scan scan = {.proc = "/nowhere", .passwd = "/nowhere"};
    (void)state;
    assert_int_equal(resolve_processes(&scan, &visit), 0);
    assert_int_equal(mkdir(in_folder("77"), 0700), 0); /* gone before it could be read */
    assert_int_equal(mkdir(in_folder("self"), 0700), 0);
    assert_string_equal(seen.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_trust, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_setuid_program, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_firecracker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_firecracker_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_jail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_firecracker_listener, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cloud_hypervisor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unseen_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_proc, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
