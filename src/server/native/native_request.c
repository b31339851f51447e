/* SPDX-License-Identifier: MIT */
/* The requests of both protocol versions and the one gate before them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "server/native/native_session.h"
#include "session/account.h"
#include "session/policy.h"

#define KO         "KO "
#define REASON_MAX 512

/* The requests, and which rights each needs; the gate below is the only one. */
static const struct {
    uint32_t type;
    const char *action; /* for the audit line of a refusal */
    int rights;
    int (*start)(struct native *native, const struct vsh_message *message);
    uint32_t refusal; /* v1: the answer that can carry "KO reason"; 0 = none can */
} requests[] = {
    {VSH_V2_EXEC, "exec", POLICY_EXEC, native_exec_request, 0},
    {VSH_V2_FILE_PUT, "put", POLICY_UPLOAD, native_put_request, 0},
    {VSH_V2_FILE_GET, "get", POLICY_DOWNLOAD, native_get_request, 0},
    {VSH_V1_WINDOW_SIZE, NULL, 0, native_v1_size_request, 0},
    {VSH_V1_OPEN_BASH, "shell", POLICY_EXEC | POLICY_PTY, native_v1_shell_request, 0},
    {VSH_V1_OPEN_CMD, "exec", POLICY_EXEC | POLICY_PTY, native_v1_shell_request, 0},
    {VSH_V1_FILE_UPLOAD_START, "put", POLICY_UPLOAD, native_v1_upload_request,
     VSH_V1_FILE_READY_SEND},
    {VSH_V1_FILE_DOWNLOAD_START, "get", POLICY_DOWNLOAD, native_v1_download_request,
     VSH_V1_FILE_READY_RECV},
};

/* Why the policy forbids it goes to text[] behind the "KO " of version 1. Returns 0 or -EACCES. */
static int check_rights(const struct native *native, int wanted, char text[REASON_MAX])
{
    static const enum policy_right rights[] = {POLICY_EXEC, POLICY_PTY, POLICY_UPLOAD,
                                               POLICY_DOWNLOAD};
    int r = 0;

    (void)strcpy(text, KO);
    for (size_t i = 0; r == 0 && i < sizeof(rights) / sizeof(rights[0]); i++) {
        if (wanted & (int)rights[i]) {
            r = policy_check_right(native->settings->policy, rights[i], text + strlen(KO),
                                   REASON_MAX - strlen(KO));
        }
    }
    return r;
}

int native_take_request(struct native *native, const struct vsh_message *message)
{
    char text[REASON_MAX];

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (requests[i].type != message->type || native_is_v1(message->type) != native->v1) {
            continue;
        }
        if (check_rights(native, requests[i].rights, text) == 0) {
            return requests[i].start(native, message);
        }
        native_describe(native, requests[i].action, NULL, NULL);
        if (requests[i].refusal == 0) {
            return native_fail(native, VSH_ERROR_REFUSED, "%s", text + strlen(KO));
        }
        const struct audit_result result = audit_because("refused: %s", text + strlen(KO));
        native_audit(native, &result);
        return vsh_put_text(native->queue, requests[i].refusal, text);
    }
    return native_fail(native, VSH_ERROR_UNSUPPORTED,
                       "message 0x%02x is no request that this server knows", message->type);
}

int native_change_user(struct native *native, const char *user)
{
    struct account *account = NULL;

    if (!user || user[0] == '\0' || strcmp(user, native->account->name) == 0) {
        return 0;
    }
    if (geteuid() != 0) {
        (void)native_fail(
            native, VSH_ERROR_REFUSED,
            "sessions run as '%s' here and cannot become '%s': leave out -l, or start "
            "the server as root without --user",
            native->account->name, user);
        return -EPERM;
    }
    int r = account_lookup(user, &account);
    if (r == 0) {
        r = account_become(account);
    }
    if (r < 0) {
        account_free(account);
        (void)native_fail(native, VSH_ERROR_REFUSED, "cannot become the user '%s': %s", user,
                          r == -ENOENT ? "there is no such user here" : strerror(-r));
        return r;
    }
    account_free(native->account);
    native->account = account;
    return 0;
}
