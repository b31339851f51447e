/* SPDX-License-Identifier: MIT */
/* Hosts files: "name address [user]" per line, "#" starts a comment. */
#include "lib/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/address_text.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define WORDS_MAX      4 /* one more than a line may have */

struct place {
    const char *path;
    unsigned line;
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
    if (visit->bad == NULL) {
        return 0;
    }
    char text[512];
    (void)snprintf(text, sizeof(text), "%s, line %u: %s", place->path, place->line, why);
    return visit->bad(name, text, visit->data);
}

static int read_line(const struct place *place, char *line, const struct name_visit *visit)
{
    char *words[WORDS_MAX];
    size_t count = split_words(line, words);
    if (count == 0) {
        return 0;
    }
    /* A name may be written with the suffix it is asked for with. */
    (void)address_strip_suffix(words[0]);
    if (count < 2 || count > 3) {
        return complain(place, words[0], "a line is \"name address [user]\"", visit);
    }
    struct vsh_name name = {0};
    if (strlen(words[0]) >= sizeof(name.name) ||
        (count == 3 && strlen(words[2]) >= sizeof(name.user))) {
        return complain(place, words[0], "a name and a user have at most 255 bytes", visit);
    }
    char why[256];
    int rc = vsh_address_parse(words[1], VSH_ADDRESS_CONNECT, &name.address, why, sizeof(why));
    if (rc == -ENOENT) {
        /* A name for a name could run in a circle, and nobody needs it. */
        (void)snprintf(why, sizeof(why), "\"%.64s\" must be an address, not another name",
                       words[1]);
    }
    if (rc < 0) {
        return complain(place, words[0], why, visit);
    }
    memcpy(name.name, words[0], strlen(words[0]) + 1);
    if (count == 3) {
        memcpy(name.user, words[2], strlen(words[2]) + 1);
    }
    (void)snprintf(name.source, sizeof(name.source), "%s", place->path);
    return visit->each(&name, visit->data);
}

int resolve_hosts_file(const char *path, const struct name_visit *visit)
{
    cleanup_free char *text = NULL;
    size_t length;
    int rc = fd_read_file(path, FILE_MAX_BYTES, &text, &length);
    if (rc < 0) {
        return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
    }
    struct place place = {.path = path};
    char *rest = text;
    while (rest != NULL) {
        char *line = strsep(&rest, "\n");
        place.line++;
        rc = read_line(&place, line, visit);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
