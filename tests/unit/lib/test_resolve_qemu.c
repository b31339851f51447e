/* SPDX-License-Identifier: MIT */
/* Names and CIDs from QEMU's command line. */
#include "resolve_proc_helper.h"

static void test_qemu(void **state)
{
    static const struct {
        const char *line;
        size_t length;
        const char *wanted;
    } rows[] = {
        {ARGS("qemu-system-x86_64\0-name\0vm1\0-device\0vhost-vsock-pci,guest-cid=3"),
         "vm1=vsock:3:5000,\n"},
        {ARGS("/usr/bin/kvm\0-name\0guest=vm2,debug-threads=on\0-device\0vhost-vsock-pci,id=v,"
              "guest-cid=42,x=y"),
         "vm2=vsock:42:5000,\n"},
        {ARGS("qemu\0-name\0debug-threads=on,guest=vm3\0-device\0"
              "{\"driver\":\"vhost-vsock-pci\",\"id\":\"vsock0\",\"guest-cid\":77,\"vhostfd\":"
              "\"30\"}"),
         "vm3=vsock:77:5000,\n"},
        {ARGS("qemu\0-device\0{\"guest-cid\" : 78, \"driver\":\"vhost-vsock-pci\"}\0--name\0vm4"),
         "vm4=vsock:78:5000,\n"},
        {ARGS("qemu\0-device\0{\"driver\":\"virtio-net\",\"x\":{\"driver\":\"vhost-vsock-pci\"},"
              "\"guest-cid\":78}\0--name\0vm4"),
         ""},
        {ARGS("qemu\0-name\0vm5\0-device\0{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":\"x\"}"),
         ""},
        {ARGS("qemu\0-name\0vm5\0-device\0{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":2}"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":3"),
         "vm5=vsock:3:5000,\n"},
        {ARGS("qemu\0-name\0vm5\0-device\0{\"driver\":\"vhost-vsock"), ""},
        {ARGS("qemu\0-name\0a+b,process=x\0--device\0vhost-vsock-device,guest-cid=4294967294"),
         "a+b=vsock:4294967294:5000,\n"},
        {ARGS("qemu\0-name\0vm6\0-device\0vhost-vsock-pci-non-transitional,guest-cid=0x1F"),
         "vm6=vsock:31:5000,\n"},
        {ARGS("qemu\0-name\0vm7\0-device\0guest-cid=9,driver=vhost-vsock-ccw"),
         "vm7=vsock:9:5000,\n"},
        /* A name that nobody can ask for is none; a doubled comma is one. */
        {ARGS("qemu\0-name\0a,,b\0-device\0vhost-vsock-pci,guest-cid=3"), "=vsock:3:5000,\n"},
        {ARGS("qemu\0-name\0guest=7\0-device\0vhost-vsock-pci,guest-cid=3"), "=vsock:3:5000,\n"},
        {ARGS("qemu\0-name\0my vm\0-device\0vhost-vsock-pci,guest-cid=3"), "=vsock:3:5000,\n"},
        {ARGS("qemu\0-device\0vhost-vsock-pci,guest-cid=3"), "=vsock:3:5000,\n"},
        {ARGS("qemu\0-name\0process=x\0-device\0vhost-vsock-pci,guest-cid=3"), "=vsock:3:5000,\n"},
        {ARGS("qemu\0-device\0vhost-vsock-pci,guest-cid=3\0-name"), "=vsock:3:5000,\n"},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=4294967295"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=4294967296"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=0x100000003"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=0x"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid="), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=3x"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=2"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=010"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0virtio-net,guest-cid=3"), ""},
        {ARGS("qemu\0-name\0vm5\0-device\0vhost-vsock-pci"), ""},
        {ARGS("sh\0-name\0vm5\0-device\0vhost-vsock-pci,guest-cid=3"), ""},
        {"", 0, ""},
        {"qemu\0-name", 10, ""},
        {"qemu\0-name\0x\0-device\0vhost-vsock,guest-cid=5", 44, "x=vsock:5:5000,\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct fake fake = {"12", rows[i].line, rows[i].length, "/bin/qemu", 0, 0, NULL};
        struct seen seen = {0};
        put_process(&fake);
        scan(NULL, &seen);
        if (strcmp(seen.text, rows[i].wanted) != 0) {
            fail_msg("row %zu gave \"%s\"", i, seen.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_qemu, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
