/* SPDX-License-Identifier: MIT */
/* Finding and reading authorized_keys: patterns, and who could have written the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/ssh/authorized_file.h"
#include "session/account.h"

static char base[] = "/tmp/vsh-auth-XXXXXX";
static char home[64], folder[80], file[96];
static struct account account;

static void patterns(void **state)
{
    (void)state;
    char path[PATH_MAX];
    char name[] = "joe", joes[] = "/home/joe";
    const struct account joe = {.name = name, .home = joes, .uid = 1000};
    static const struct {
        const char *pattern, *path; /* NULL = refused */
    } table[] = {
        {"%h/.ssh/authorized_keys", "/home/joe/.ssh/authorized_keys"},
        {".ssh/keys", "/home/joe/.ssh/keys"},
        {"%u.keys", "/home/joe/joe.keys"},
        {"/etc/keys/%u", "/etc/keys/joe"},
        {"/run/%U/100%%", "/run/1000/100%"},
        {"/etc/%x", NULL},
        {"/etc/%", NULL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        int r = authorized_file_path(table[i].pattern, &joe, path);
        assert_int_equal(r, table[i].path == NULL ? -EINVAL : 0);
        if (r == 0) {
            assert_string_equal(path, table[i].path);
        }
    }
    char *longest = malloc(PATH_MAX + 2);
    memset(longest, 'a', PATH_MAX + 1);
    longest[0] = '/';
    longest[PATH_MAX + 1] = '\0';
    assert_int_equal(authorized_file_path(longest, &joe, path), -ENAMETOOLONG);
    free(longest);
}

static int read_file(const char *path)
{
    char *text = NULL, error[512] = "";
    size_t length = 0;
    int r = authorized_file_read(path, &account, &text, &length, error, sizeof(error));
    if (r == 0) {
        assert_int_equal(length, 4);
        assert_string_equal(text, "key\n");
        free(text);
    } else {
        assert_true(error[0] != '\0');
    }
    return r;
}

static void modes_and_owners(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        mode_t bad, good;
    } table[] = {{file, 0664, 0644}, {file, 0602, 0600},   {folder, 0775, 0755},
                 {home, 0777, 0755}, {folder, 0722, 0700}, {home, 01777, 0700}};
    assert_int_equal(read_file(file), 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(chmod(table[i].path, table[i].bad), 0);
        assert_int_equal(read_file(file), -EPERM);
        assert_int_equal(chmod(table[i].path, table[i].good), 0);
        assert_int_equal(read_file(file), 0);
    }
    if (geteuid() != 0) {
        return;
    }
    static const char *const owned[] = {file, folder, home};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chown(owned[i], 12345, (gid_t)-1), 0);
        assert_int_equal(read_file(file), -EPERM);
        account.uid = 12345;
        assert_int_equal(read_file(file), 0); /* his own, or root's */
        account.uid = 0;
        assert_int_equal(chown(owned[i], 0, (gid_t)-1), 0);
    }
}

/* What lies above the home is not the user's business: a temporary folder may be sticky. */
static void other_kinds(void **state)
{
    (void)state;
    char link[128], pipe[128];
    (void)snprintf(link, sizeof(link), "%s/link", folder);
    (void)snprintf(pipe, sizeof(pipe), "%s/pipe", folder);
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(read_file(link), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(read_file(pipe), -EPERM);
    assert_int_equal(read_file(folder), -EPERM);
    assert_int_equal(read_file("/no/such/file"), -ENOENT);
    assert_int_equal(truncate(file, AUTHORIZED_FILE_MAX + 1), 0);
    assert_int_equal(read_file(file), -EPERM);
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(base) == NULL) {
        return -1;
    }
    (void)snprintf(home, sizeof(home), "%s/home", base);
    (void)snprintf(folder, sizeof(folder), "%s/.ssh", home);
    (void)snprintf(file, sizeof(file), "%s/keys", folder);
    account = (struct account){.home = home, .uid = geteuid()};
    umask(022);
    FILE *f = mkdir(home, 0755) == 0 && mkdir(folder, 0755) == 0 ? fopen(file, "we") : NULL;
    return f != NULL && fputs("key\n", f) >= 0 ? fclose(f) : -1;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(base, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(modes_and_owners),
        cmocka_unit_test(other_kinds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
