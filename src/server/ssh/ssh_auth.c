/* SPDX-License-Identifier: MIT */
/*
 * Authentication. For a user who does not exist, or may not log in, everything is done for a
 * stand-in that has no keys, and the answer takes the same time.
 */
#include "server/ssh/ssh_auth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "common/log.h"
#include "server/ssh/ssh_auth_keys.h"
#include "server/ssh/ssh_settings.h"
#include "session/account.h"

#define ATTEMPTS_MAX    6u
#define RSA_2048_BASE64 372u /* type, exponent and 257 bytes of modulus */
#define REFUSAL_TIME_MS 8    /* covers the differences of looking users up and reading files */

void ssh_auth_init(struct ssh_auth *auth, const struct ssh_settings *settings, const char *peer)
{
    memset(auth, 0, sizeof(*auth));
    auth->settings = settings;
    auth->peer = peer;
    ssh_auth_keys_init(auth);
}

void ssh_auth_done(struct ssh_auth *auth)
{
    free(auth->credentials[0]);
    free(auth->credentials[1]);
    account_free(auth->account);
    authorized_key_done(&auth->key);
}

int ssh_auth_methods(const struct ssh_settings *settings)
{
    /* "publickey" even where no key is wanted: with an empty list libssh sends no refusal at all.
     */
    return SSH_AUTH_METHOD_PUBLICKEY | (settings->auth_none ? SSH_AUTH_METHOD_NONE : 0);
}

static int stand_in(struct account **ret)
{
    struct account *account = calloc(1, sizeof(*account));
    if (account == NULL) {
        return -ENOMEM;
    }
    account->name = strdup("nobody");
    account->home = strdup("/nonexistent");
    account->shell = strdup("/bin/sh");
    account->groups = calloc(1, sizeof(gid_t));
    account->uid = account->gid = (uid_t)65534;
    if (account->name == NULL || account->home == NULL || account->shell == NULL ||
        account->groups == NULL) {
        account_free(account);
        return -ENOMEM;
    }
    account->groups[0] = account->gid;
    account->group_count = 1;
    *ret = account;
    return 0;
}

/* NULL when the account may log in, else why not. */
static const char *objection(const struct ssh_auth *auth, const struct account *account)
{
    struct stat st;
    if (auth->only != NULL && auth->only->uid != account->uid) {
        return auth->settings->user != NULL ? "only the user named by --user may log in"
                                            : "a server that is not root serves its own user only";
    }
    const char *shell = auth->settings->shell != NULL ? auth->settings->shell : account->shell;
    if (stat(shell, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0) {
        return "the user's shell is no executable file";
    }
    return NULL;
}

/* The account to check against: the user's, or the stand-in and false. */
static bool find_account(const struct ssh_auth *auth, const char *user, struct account **ret,
                         const char **ret_objection)
{
    struct account *account = NULL;
    *ret_objection = "there is no such user";
    if (account_lookup(user, &account) == 0) {
        *ret_objection = objection(auth, account);
        if (*ret_objection == NULL) {
            *ret = account;
            return true;
        }
        account_free(account);
    }
    if (stand_in(ret) < 0) {
        die("out of memory");
    }
    return false;
}

static void count_failure(struct ssh_auth *auth)
{
    if (++auth->attempts >= ATTEMPTS_MAX) {
        auth->give_up = true;
    }
}

/* Every refusal takes at least the same time. */
static void refuse_slowly(int64_t started_ms)
{
    int64_t left = started_ms + REFUSAL_TIME_MS - monotonic_ms();
    if (left > 0) {
        const struct timespec pause = {.tv_nsec = left * 1000000};
        (void)nanosleep(&pause, NULL);
    }
}

static void succeed(struct ssh_auth *auth, struct account **account, const char *how)
{
    /* Here and now, for good: the same packet may already hold the first request. */
    int r = account_become(*account);
    if (r < 0) {
        die("cannot become user %s: %s", (*account)->name, strerror(-r));
    }
    if (chdir((*account)->home) < 0 && chdir("/") < 0) {
        log_warning("cannot enter a folder: %s", strerror(errno));
    }
    auth->succeeded = true;
    auth->account = *account;
    *account = NULL;
    log_notice("%s logged in: %s", auth->account->name, how);
}

/* Kept for the log. A client that asks for several users is none that a person drives. */
static void note_user(struct ssh_auth *auth, const char *user)
{
    char login[SSH_LOGIN_MAX];
    (void)snprintf(login, sizeof(login), "%s", user);
    if (auth->asked && strcmp(login, auth->login) != 0) {
        log_notice("the peer asks for user '%s' after '%s'", login, auth->login);
    }
    memcpy(auth->login, login, sizeof(login));
    auth->asked = true;
}

int ssh_auth_none(struct ssh_auth *auth, const char *user)
{
    struct account *account = NULL;
    const char *reason;
    int64_t started = monotonic_ms();
    if (auth->give_up) {
        return SSH_AUTH_DENIED;
    }
    /* Clients begin with "none" to learn the methods: the first is no attempt. */
    bool first = auth->attempts == 0 && !auth->asked;
    note_user(auth, user);
    if (!auth->settings->auth_none) {
        /* The user is not even looked up, so there is nothing that the time could tell. */
        if (!first) {
            count_failure(auth);
        }
        return SSH_AUTH_DENIED;
    }
    bool exists = find_account(auth, user, &account, &reason);
    /* root without a key is possible only where two options ask for it. */
    bool named = auth->settings->user != NULL || account->uid != 0;
    if (exists && named) {
        succeed(auth, &account, "without authentication (--ssh-auth none)");
        return SSH_AUTH_SUCCESS;
    }
    account_free(account);
    log_info("refused %s without a key: %s", user,
             exists ? "root needs a key unless --user names root" : reason);
    if (!first) {
        count_failure(auth);
    }
    refuse_slowly(started);
    return SSH_AUTH_DENIED;
}

static void describe_key(ssh_key key, char *ret, size_t size)
{
    unsigned char *hash = NULL;
    size_t length = 0;
    char *fingerprint = NULL;
    const char *type = ssh_key_type_to_char(ssh_key_type(key));
    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0) {
        fingerprint = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
    }
    (void)snprintf(ret, size, "%s %s", type != NULL ? type : "?",
                   fingerprint != NULL ? fingerprint : "?");
    ssh_string_free_char(fingerprint);
    ssh_clean_pubkey_hash(&hash);
}

/* Is there a line for this key? */
static int find_key(const struct ssh_auth *auth, const struct account *account, ssh_key key,
                    struct authorized_key *ret, char *notes, size_t size)
{
    char *blob = NULL;
    const char *type = ssh_key_type_to_char(ssh_key_type(key));
    if (type == NULL || ssh_pki_export_pubkey_base64(key, &blob) != SSH_OK) {
        (void)snprintf(notes, size, "libssh cannot handle this key");
        return 0;
    }
    if (strcmp(type, "ssh-rsa") == 0 && strlen(blob) < RSA_2048_BASE64) {
        /* libssh would accept it here and then not even answer the signature. */
        (void)snprintf(notes, size, "an RSA key needs 2048 bits");
        ssh_string_free_char(blob);
        return 0;
    }
    const struct authorized_question question = {
        .type = type, .blob = blob, .peer = auth->peer, .now = time(NULL)};
    int found = ssh_auth_keys_find(auth, account, &question, ret, notes, size);
    ssh_string_free_char(blob);
    return found;
}

int ssh_auth_publickey(struct ssh_auth *auth, const char *user, ssh_key key, char state)
{
    struct account *account = NULL;
    struct authorized_key line = {0};
    char notes[600] = "no file lists this key", name[128];
    const char *reason;
    int64_t started = monotonic_ms();
    if (auth->give_up) {
        return SSH_AUTH_DENIED;
    }
    note_user(auth, user);
    describe_key(key, name, sizeof(name));
    bool exists = find_account(auth, user, &account, &reason);
    /* Looked for whether the user exists or not: it must not show in the time. */
    bool found = auth->settings->auth_publickey &&
                 find_key(auth, account, key, &line, notes, sizeof(notes)) == 1 && exists;
    bool proven = state == SSH_PUBLICKEY_STATE_VALID;
    if (found && (proven || state == SSH_PUBLICKEY_STATE_NONE)) {
        if (proven) {
            auth->key = line;
            succeed(auth, &account, name);
        } else {
            authorized_key_done(&line);
            account_free(account);
        }
        return SSH_AUTH_SUCCESS;
    }
    log_info("refused %s with %s: %s", user, name, exists ? notes : reason);
    authorized_key_done(&line);
    account_free(account);
    count_failure(auth);
    refuse_slowly(started);
    return SSH_AUTH_DENIED;
}
