/* SPDX-License-Identifier: MIT */
/*
 * Disks that fill up, files that change while they are read, folders that vanish: one sentence
 * each, the other files arrive, nothing half-made stays. Faults of the disk are made by standing in
 * front of the C library's pread and pwrite.
 */
#include "copy_helper.h"

#include <sys/syscall.h>

static struct {
    int error; /* 0 = all is well */
    int64_t after;
    const char *victim; /* only files whose /proc/self/fd link has this in it */
} read_fault, write_fault;

static bool fault_hits(int fd, const char *victim, int64_t end, int64_t after)
{
    char link[64];
    char path[512];

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0) {
        return false;
    }
    path[length] = '\0';
    return strstr(path, victim) && end > after;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset)
{
    if (read_fault.error &&
        fault_hits(fd, read_fault.victim, offset + (int64_t)length, read_fault.after)) {
        errno = read_fault.error;
        return -1;
    }
    return syscall(SYS_pread64, fd, bytes, length, offset);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    if (write_fault.error &&
        fault_hits(fd, write_fault.victim, offset + (int64_t)length, write_fault.after)) {
        errno = write_fault.error;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static int faults_teardown(void **state)
{
    read_fault.error = 0;
    write_fault.error = 0;
    return scratch_teardown(state);
}

/* Three files, of which "victim" is the one that something happens to. */
static void make_three(void)
{
    make_dir("tree", 0755);
    make_big("tree/first", 3000, 1);
    make_big("tree/victim", 3000000, 2);
    make_big("tree/last", 3000, 3);
    make_dir("new", 0755);
    make_dir("new/tree", 0755);
    make_text("new/tree/victim", "old");
}

static void expect_victim_failed(const struct copy *copy, const struct vsh_file_totals *totals,
                                 const char *reason)
{
    assert_int_equal(totals->files, 2);
    assert_int_equal(totals->failed, 1);
    assert_non_null(strstr(copy->sent.path, "victim"));
    assert_non_null(strstr(copy->sent.text, reason));
    assert_non_null(strstr(copy->received.text, reason));
    assert_int_equal(partials_left(), 0);
    expect_text("new/tree/victim", "old");
    expect_equal_files("tree/first", "new/tree/first");
    expect_equal_files("tree/last", "new/tree/last");
}

static void a_full_disk_fails_one_file(void **state)
{
    (void)state;
    static const struct {
        const char *reason;
        int error;
        unsigned code;
    } cases[] = {
        {"no space left on the device", ENOSPC, VSH_FILE_CODE_SPACE},
        {"quota", EDQUOT, VSH_FILE_CODE_SPACE},
        {"larger than", EFBIG, VSH_FILE_CODE_SPACE},
        {"input/output error", EIO, VSH_FILE_CODE_TARGET},
        {"read-only", EROFS, VSH_FILE_CODE_TARGET},
    };
    struct copy copy;

    make_three();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_fault.error = cases[i].error;
        write_fault.after = 1000000;
        write_fault.victim = "victim";
        struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
        expect_victim_failed(&copy, &totals, cases[i].reason);
        assert_int_equal(copy.sent.code, cases[i].code);
        assert_int_equal(copy.sent.remote, 1);
        /* The rest of a file that is lost does not travel. */
        assert_true(copy.data_bytes < 2900000);
    }
}

static void a_read_error_fails_one_file(void **state)
{
    (void)state;
    struct copy copy;

    make_three();
    read_fault.error = EIO;
    read_fault.after = 1000000;
    read_fault.victim = "/tree/victim";
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    expect_victim_failed(&copy, &totals, "cannot read it: input/output error");
    assert_int_equal(copy.received.remote, 1);
}

static void a_partial_that_cannot_be_read_fails(void **state)
{
    (void)state;
    struct copy copy;

    make_three();
    copy_prepare(&copy, "tree/victim", "new/tree", 0);
    copy.cut_after = 1000000;
    copy_start(&copy);
    copy_drive(&copy);
    assert_true(file_receiver_interrupt(copy.receiver));
    copy_finish(&copy);
    read_fault.error = EIO;
    read_fault.victim = ".vsh-";
    struct vsh_file_totals totals =
        copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE | VSH_FILE_RESUME);
    expect_victim_failed(&copy, &totals, "cannot read what an earlier copy left");
}

enum change { GROW, GROW_QUIETLY, SHRINK, TOUCH, VANISH_TARGET };

static void change_victim(enum change change)
{
    struct stat st;
    int fd;

    assert_int_equal(stat("tree/victim", &st), 0);
    switch (change) {
    case GROW:
    case GROW_QUIETLY:
        fd = open("tree/victim", O_WRONLY | O_APPEND | O_CLOEXEC);
        assert_int_equal(write(fd, "more", 4), 4);
        assert_int_equal(close(fd), 0);
        if (change == GROW_QUIETLY) {
            set_mtime("tree/victim", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        }
        break;
    case SHRINK:
        assert_int_equal(truncate("tree/victim", 2000000), 0);
        break;
    case TOUCH:
        set_mtime("tree/victim", st.st_mtim.tv_sec, st.st_mtim.tv_nsec ^ 1);
        break;
    case VANISH_TARGET:
        remove_tree("new");
        break;
    }
}

static void drive_with_change(struct copy *copy, enum change change)
{
    bool changed = false;

    copy_start(copy);
    while (!file_sender_finished(copy->sender)) {
        assert_true(turn_sender(copy) && turn_receiver(copy));
        if (!changed && copy->received.moved > 500000) {
            change_victim(change);
            changed = true;
        }
    }
    assert_true(changed);
}

static void a_source_that_changes_fails(void **state)
{
    (void)state;
    static const enum change changes[] = {GROW, GROW_QUIETLY, SHRINK, TOUCH};
    struct copy copy;

    make_three();
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        make_big("tree/victim", 3000000, 2);
        copy_prepare(&copy, "tree", "new", VSH_FILE_RECURSIVE);
        drive_with_change(&copy, changes[i]);
        expect_victim_failed(&copy, file_sender_totals(copy.sender),
                             "it changed while it was read");
        assert_int_equal(copy.received.code, VSH_FILE_CODE_CHANGED);
        copy_finish(&copy);
    }
}

static void a_target_folder_that_vanishes_fails(void **state)
{
    (void)state;
    struct copy copy;

    make_three();
    copy_prepare(&copy, "tree/victim", "new/tree", 0);
    drive_with_change(&copy, VANISH_TARGET);
    assert_int_equal(file_sender_totals(copy.sender)->failed, 1);
    assert_non_null(strstr(copy.sent.text, "no such file or folder"));
    assert_string_equal(copy.sent.path, "new/tree/victim");
    copy_finish(&copy);
    assert_false(exists("new"));
}

static void paths_that_cannot_be_say_why(void **state)
{
    (void)state;
    static char long_name[300];
    struct copy copy;

    memset(long_name, 'x', sizeof(long_name) - 1);
    make_text("file", "x");
    make_dir("tree", 0755);
    make_text("tree/file", "x");
    make_dir("to", 0755);
    make_dir("to/file", 0755); /* a folder where a file should go */
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(symlink("tree", "to/tree"), 0); /* a link where a folder should go */
    const struct {
        const char *from, *to;
        uint32_t flags;
        const char *reason;
    } cases[] = {
        {"file", long_name, 0, "too long"},
        {"file", "loop/x", 0, "loop of links"},
        {"file", "to", 0, "it is a folder"},
        {"file", "file/x", 0, "not a folder"},
        {"tree", "to", VSH_FILE_RECURSIVE, "not a folder"},
        {"loop", "to", 0, "loop of links"},
        {long_name, "to", 0, "too long"},
        {"tree", "to", 0, "without -r"},
        {"absent", "to", 0, "no such file"},
        {"/dev/null", "to", 0, "it is a device"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vsh_file_totals totals =
            copy_files(&copy, cases[i].from, cases[i].to, cases[i].flags);
        assert_int_equal(totals.failed, 1);
        assert_int_equal(totals.files, 0);
        if (!strstr(copy.sent.text, cases[i].reason)) {
            fail_msg("%s to %s: %s", cases[i].from, cases[i].to, copy.sent.text);
        }
    }
}

static void permission_denied_fails_one_file(void **state)
{
    (void)state;
    struct copy copy;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chmod(".", 0777), 0);
    make_three();
    assert_int_equal(chmod("tree/victim", 0600), 0);
    assert_int_equal(chmod("new", 0777), 0);
    assert_int_equal(chmod("new/tree", 0777), 0);
    assert_int_equal(seteuid(65534), 0);
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(seteuid(0), 0);
    assert_non_null(strstr(copy.sent.text, "permission denied"));
    expect_victim_failed(&copy, &totals, "cannot open it: permission denied");

    assert_int_equal(chmod("new", 0755), 0);
    assert_int_equal(chmod("tree/victim", 0644), 0);
    assert_int_equal(seteuid(65534), 0);
    totals = copy_files(&copy, "tree/victim", "new/x", 0);
    assert_int_equal(totals.failed, 1);
    assert_non_null(strstr(copy.sent.text, "cannot create the file: permission denied"));
    assert_int_equal(copy.sent.remote, 1);
    totals = copy_files(&copy, "tree", "new/x", VSH_FILE_RECURSIVE);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(totals.failed, 1);
    assert_true(copy.data_bytes < 1500000); /* a refused folder does not travel to its end */
}

static void a_refused_folder_falls_with_what_is_in_it(void **state)
{
    (void)state;
    struct copy copy;
    char path[64];

    make_dir("tree", 0755);
    make_dir("tree/sub", 0755);
    for (int i = 0; i < 20; i++) {
        (void)snprintf(path, sizeof(path), "tree/sub/%d", i);
        make_big(path, 1000000, 1);
    }
    make_text("tree/zz", "beside it");
    make_dir("new", 0755);
    make_text("new/sub", "in the way");
    struct vsh_file_totals totals = copy_files(&copy, "tree/.", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(totals.failed, 1);
    assert_int_equal(totals.files, 1);
    assert_string_equal(copy.sent.path, "new/sub");
    expect_text("new/zz", "beside it");
    expect_text("new/sub", "in the way");
    assert_true(copy.data_bytes < 2000000);
    assert_true(frames_of(&copy, VSH_V2_FILE_ENTRY) < 10);
}

static void a_tree_that_is_too_deep_fails_there(void **state)
{
    (void)state;
    struct copy copy;

    make_dir("tree", 0755);
    int fd = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < VSH_FILE_DEPTH_MAX + 2; i++) {
        assert_int_equal(mkdirat(fd, "d", 0755), 0);
        int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        (void)close(fd);
        fd = next;
    }
    (void)close(fd);
    struct vsh_file_totals totals = copy_files(&copy, "tree", "new", VSH_FILE_RECURSIVE);
    assert_int_equal(totals.failed, 1);
    assert_int_equal(totals.folders, VSH_FILE_DEPTH_MAX);
    assert_non_null(strstr(copy.sent.text, "deeper than 256 folders"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, faults_teardown)
        TEST(a_full_disk_fails_one_file),
        TEST(a_read_error_fails_one_file),
        TEST(a_partial_that_cannot_be_read_fails),
        TEST(a_source_that_changes_fails),
        TEST(a_target_folder_that_vanishes_fails),
        TEST(paths_that_cannot_be_say_why),
        TEST(permission_denied_fails_one_file),
        TEST(a_tree_that_is_too_deep_fails_there),
        TEST(a_refused_folder_falls_with_what_is_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
