/* SPDX-License-Identifier: MIT */
/* Who wins among all the names, and what is refused. */
#include "resolve_helper.h"

#define FILE_  NAME_FROM_FILE
#define VM     NAME_FROM_PROCESS
#define DAEMON NAME_FROM_MACHINED

struct row {
    enum name_origin origin;
    const char *name;
    uint32_t cid;
    const char *source;
    char wanted; /* Usable, Hidden, Refused */
};

static void add(struct name_list *list, const struct row *row)
{
    struct vsh_name name = {.address = {.family = VSH_FAMILY_VSOCK, .cid = row->cid}};
    (void)snprintf(name.name, sizeof(name.name), "%s", row->name);
    (void)snprintf(name.source, sizeof(name.source), "%s", row->source);
    assert_int_equal(name_list_add(list, row->origin, &name), 0);
}

static void check(const struct row *rows, size_t count, const char *problem)
{
    struct name_list list = {0};
    const char *said = "";
    for (size_t i = 0; i < count; i++) {
        add(&list, &rows[i]);
    }
    name_list_judge(&list);
    for (size_t i = 0; i < count; i++) {
        const struct vsh_name *name = &list.items[i].name;
        if ("UHR"[name->state] != rows[i].wanted) {
            fail_msg("entry %zu is %c: %s", i, "UHR"[name->state], name -> problem);
        }
        assert_int_equal(name->problem[0] != '\0', name->state == VSH_NAME_REFUSED);
        said = said[0] == '\0' ? name->problem : said;
    }
    assert_string_equal(said, problem);
    name_list_done(&list);
}

static void test_order(void **state)
{
    static const struct row rows[] = {
        {FILE_, "a", 3, "f", 'U'},   {FILE_, "a", 4, "f", 'H'},   {FILE_, "b", 3, "f", 'U'},
        {VM, "a", 5, "QEMU 1", 'H'}, {VM, "c", 3, "QEMU 2", 'U'}, {DAEMON, "c", 3, "m", 'H'},
        {DAEMON, "d", 3, "m", 'U'},  {DAEMON, "a", 9, "m", 'H'},
    };
    (void)state;
    check(rows, COUNT(rows), "");
}

static void test_two_vms_one_name(void **state)
{
    static const struct row two[] = {{VM, "a", 3, "QEMU process 1", 'R'},
                                     {VM, "b", 4, "QEMU process 2", 'U'},
                                     {DAEMON, "a", 5, "machined", 'R'}};
    static const struct row many[] = {
        {VM, "a", 3, "p1", 'R'}, {VM, "a", 4, "p2", 'R'}, {VM, "a", 5, "p3", 'R'},
        {VM, "a", 6, "p4", 'R'}, {VM, "a", 7, "p5", 'R'}, {VM, "a", 8, "p6", 'R'},
    };
    (void)state;
    check(two, COUNT(two),
          "more than one running VM is named \"a\": CID 3 (QEMU process 1), CID 5 (machined); use "
          "the address, or give one a name in a hosts file");
    check(many, COUNT(many),
          "more than one running VM is named \"a\": CID 3 (p1), CID 4 (p2), CID 5 (p3), CID 6 (p4) "
          "and 2 more; use the address, or give one a name in a hosts file");
}

static void test_two_vms_one_address(void **state)
{
    static const struct row rows[] = {{VM, "a", 3, "QEMU process 1", 'R'},
                                      {VM, "b", 3, "QEMU process 2", 'R'},
                                      {DAEMON, "qemu-1-a", 3, "machined", 'U'}};
    static const struct row nameless[] = {{VM, "a", 3, "QEMU process 1", 'R'},
                                          {VM, "", 3, "QEMU process 2", 'R'}};
    (void)state;
    check(rows, COUNT(rows),
          "more than one running VM claims CID 3: \"a\" (QEMU process 1), \"b\" (QEMU process 2); "
          "end one of them or use the address");
    check(nameless, COUNT(nameless),
          "more than one running VM claims CID 3: \"a\" (QEMU process 1), one without a name (QEMU "
          "process 2); end one of them or use the address");
}

/* The longest names and sources still leave a sentence with its end. */
static void test_long(void **state)
{
    struct name_list list = {0};
    char text[VSH_NAME_MAX];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (uint32_t cid = 3; cid < 5; cid++) {
        const struct row row = {VM, text, cid, "QEMU process 4194304", 'R'};
        add(&list, &row);
    }
    name_list_judge(&list);
    assert_non_null(strstr(list.items[0].name.problem, "in a hosts file"));
    name_list_done(&list);
}

static void test_limit(void **state)
{
    struct name_list list = {0};
    const struct vsh_name name = {.name = "a"};
    int rc = 0;
    (void)state;
    while (rc == 0 && list.count < 100000) {
        rc = name_list_add(&list, VM, &name);
    }
    assert_int_equal(rc, -E2BIG);
    assert_int_equal(list.count, 16384);
    name_list_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_two_vms_one_name),
        cmocka_unit_test(test_two_vms_one_address),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
