/* SPDX-License-Identifier: MIT */
/*
 * Sources of authorized keys. root reads a user's file as that user: his home may be a network
 * folder that root cannot see, and a symbolic link in it must not show root's files.
 */
#include "server/ssh/ssh_auth_keys.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/authorized_file.h"
#include "server/ssh/ssh_auth.h"
#include "server/ssh/ssh_settings.h"
#include "session/account.h"

static const char *const credential_names[2] = {"ssh.authorized_keys.root",
                                                "ssh.ephemeral-authorized_keys-all"};

void ssh_auth_keys_init(struct ssh_auth *auth)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    for (size_t i = 0; i < 2 && folder != NULL && folder[0] == '/'; i++) {
        char path[PATH_MAX];
        size_t length;
        int n = snprintf(path, sizeof(path), "%s/%s", folder, credential_names[i]);
        if (n > 0 && n < PATH_MAX) {
            int r = fd_read_file(path, AUTHORIZED_FILE_MAX, &auth->credentials[i], &length);
            if (r < 0 && r != -ENOENT) {
                log_warning("cannot read credential %s: %s", path, strerror(-r));
            }
        }
    }
}

struct identity {
    bool switched;
    int group_count;
    gid_t gid;
    gid_t groups[ACCOUNT_GROUPS_MAX];
};

/* Takes on the user's effective ids, if we are root and he is not. */
static int identity_enter(struct identity *identity, const struct account *account)
{
    identity->switched = false;
    if (geteuid() != 0 || account->uid == 0) {
        return 0;
    }
    identity->gid = getegid();
    identity->group_count = getgroups(ACCOUNT_GROUPS_MAX, identity->groups);
    if (identity->group_count < 0) {
        return -errno;
    }
    identity->switched = true;
    if (setgroups((size_t)account->group_count, account->groups) < 0 || setegid(account->gid) < 0 ||
        seteuid(account->uid) < 0) {
        return -errno;
    }
    return 0;
}

static void identity_leave(const struct identity *identity)
{
    if (!identity->switched) {
        return;
    }
    if (seteuid(0) < 0 || setegid(identity->gid) < 0 ||
        setgroups((size_t)identity->group_count, identity->groups) < 0) {
        die("cannot become root again after reading a user's keys: %s", strerror(errno));
    }
}

static int read_as(const char *path, const struct account *account, char **ret, size_t *ret_length,
                   char *error, size_t size)
{
    struct identity identity;
    int r = identity_enter(&identity, account);
    if (r < 0) {
        (void)snprintf(error, size, "cannot read %.300s as user %.64s: %s", path, account->name,
                       strerror(-r));
    } else {
        r = authorized_file_read(path, account, ret, ret_length, error, size);
    }
    identity_leave(&identity);
    return r;
}

static int find_in_file(const char *pattern, const struct account *account,
                        const struct authorized_question *question, struct authorized_key *ret,
                        char *notes, size_t size)
{
    char path[PATH_MAX], error[512];
    cleanup_free char *text = NULL;
    size_t length = 0;
    if (authorized_file_path(pattern, account, path) < 0) {
        (void)snprintf(notes, size, "--authorized-keys %.100s has an unknown %%-letter", pattern);
        return 0;
    }
    int r = read_as(path, account, &text, &length, error, sizeof(error));
    if (r < 0) {
        (void)snprintf(notes, size, "%s", error);
        return 0;
    }
    return authorized_keys_find(text, length, question, ret, notes, size);
}

int ssh_auth_keys_find(const struct ssh_auth *auth, const struct account *account,
                       const struct authorized_question *question, struct authorized_key *ret,
                       char *notes, size_t size)
{
    for (size_t i = 0; i < 2; i++) {
        const char *text = auth->credentials[i];
        bool applies = i == 1 || account->uid == 0;
        if (text != NULL && applies &&
            authorized_keys_find(text, strlen(text), question, ret, notes, size) == 1) {
            return 1;
        }
    }
    for (size_t i = 0; i < auth->settings->key_file_count; i++) {
        if (find_in_file(auth->settings->key_files[i], account, question, ret, notes, size) == 1) {
            return 1;
        }
    }
    return 0;
}
