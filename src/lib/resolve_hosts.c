/* SPDX-License-Identifier: MIT */
/* Hosts files: "name address [user]" per line, "#" starts a comment; vsock-shell-hosts(5). */
#include "lib/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <vsock-shell/error.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/address_text.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define WORDS_MAX      4 /* one more than a line may have */

struct place {
    const char *path;
    unsigned line; /* 0 = the file as a whole */
};

static size_t split_words(char *line, char *words[static WORDS_MAX])
{
    size_t count = 0;
    line[strcspn(line, "#")] = '\0';
    char *save = NULL;
    for (char *word = strtok_r(line, " \t\r", &save); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\r", &save)) {
        words[count++] = word;
    }
    return count;
}

static int complain(const struct place *place, const char *name, const char *why,
                    const struct name_visit *visit)
{
    char text[VSH_PROBLEM_MAX];
    if (visit->bad == NULL) {
        return 0;
    }
    if (place->line == 0) {
        (void)snprintf(text, sizeof(text), "%s: %s", place->path, why);
    } else {
        (void)snprintf(text, sizeof(text), "%s, line %u: %s", place->path, place->line, why);
    }
    return visit->bad(name, text, visit->data);
}

static bool is_name(const char *word)
{
    struct vsh_address address;
    char error[8];
    return vsh_address_parse(word, VSH_ADDRESS_CONNECT, &address, error, sizeof(error)) == -ENOENT;
}

/* Returns 0, or -EINVAL with a sentence in why[]. */
static int parse_words(char *words[static WORDS_MAX], size_t count, struct vsh_name *ret,
                       char why[256])
{
    if (count < 2 || count > 3) {
        (void)snprintf(why, 256, "%s; a line is \"name address [user]\", as \"web vsock:3\"",
                       count < 2 ? "a single word" : "more than 3 words");
        return -EINVAL;
    }
    if (strlen(words[0]) >= sizeof(ret->name) ||
        (count == 3 && strlen(words[2]) >= sizeof(ret->user))) {
        (void)snprintf(why, 256, "a name and a user have at most %d bytes", VSH_NAME_MAX - 1);
        return -EINVAL;
    }
    if (!is_name(words[0])) {
        (void)snprintf(why, 256,
                       "\"%.64s\" cannot be a name: letters, digits and -._+@ make one, a letter "
                       "or a digit begins it, and a CID, host, local or any is none",
                       words[0]);
        return -EINVAL;
    }
    int rc = vsh_address_parse(words[1], VSH_ADDRESS_CONNECT, &ret->address, why, 256);
    if (rc == -ENOENT) {
        /* A name for a name could run in a circle, and nobody needs it. */
        (void)snprintf(why, 256,
                       "\"%.64s\" must be an address (vsock:3, unix:/path, mux:/path), not another "
                       "name",
                       words[1]);
    }
    return rc < 0 ? -EINVAL : 0;
}

static int read_line(const struct place *place, char *line, const struct name_visit *visit)
{
    char *words[WORDS_MAX];
    char why[256];
    struct vsh_name name = {0};
    size_t count = split_words(line, words);
    if (count == 0) {
        return 0;
    }
    /* A name may be written with the suffix it is asked for with. */
    (void)address_strip_suffix(words[0]);
    if (parse_words(words, count, &name, why) < 0) {
        return complain(place, words[0], why, visit);
    }
    memcpy(name.name, words[0], strlen(words[0]) + 1);
    if (count == 3) {
        memcpy(name.user, words[2], strlen(words[2]) + 1);
    }
    (void)snprintf(name.source, sizeof(name.source), "%s", place->path);
    return visit->each(&name, visit->data);
}

/* Who writes to this file decides where commands and files go. NULL when it is in safe hands. */
static const char *check_owner(int fd, char why[256])
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return strerror(errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return "it is no regular file";
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        (void)snprintf(why, 256,
                       "it belongs to uid %u, neither to you nor to root, so its names are not "
                       "used: chown it, or set HOME to your own folder",
                       (unsigned)st.st_uid);
        return why;
    }
    bool group_writes = (st.st_mode & S_IWGRP) != 0 &&
                        !group_is_private("/etc/passwd", "/etc/group", st.st_uid, st.st_gid);
    return group_writes || (st.st_mode & S_IWOTH) != 0
               ? "others than its owner may write to it, so its names are not used: chmod go-w it"
               : NULL;
}

static int read_lines(struct place *place, char *text, const struct name_visit *visit)
{
    int rc = 0;
    while (rc == 0 && text != NULL) {
        char *line = strsep(&text, "\n");
        place->line++;
        rc = read_line(place, line, visit);
    }
    return rc;
}

int resolve_hosts_file(const char *path, const struct name_visit *visit)
{
    struct place place = {.path = path};
    char why[256];
    cleanup_free char *text = NULL;
    size_t length = 0;
    cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    int rc = fd < 0 ? -errno : 0;
    if (rc == -ENOENT || rc == -ENOTDIR) {
        return 0;
    }
    const char *problem = rc < 0 ? vsh_strerror(rc) : check_owner(fd, why);
    if (problem == NULL) {
        rc = fd_read_all(fd, FILE_MAX_BYTES, &text, &length);
        problem = rc == -EFBIG ? "it has more than a MiB" : rc < 0 ? vsh_strerror(rc) : NULL;
    }
    if (problem == NULL && strlen(text) != length) {
        problem = "it has a NUL byte, so it is no text";
    }
    return problem != NULL ? complain(&place, "", problem, visit) : read_lines(&place, text, visit);
}
