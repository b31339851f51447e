/* SPDX-License-Identifier: MIT */
/*
 * Becoming a user for good. Runs between fork and exec, too: no call here allocates or logs. The
 * order is groups, gid, uid, because each step takes away the right to do the one before.
 * no_new_privs is not set and the bounding set is left alone: sudo must work in a session.
 */
#include "account.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* capget(2) and capset(2) have no wrapper in libc, and <linux/capability.h> is not everywhere. */
#define CAPABILITY_VERSION 0x20080522u

struct capability_header {
    uint32_t version;
    int pid;
};

struct capability_set {
    uint32_t effective, permitted, inheritable;
};

/* keyctl(2), neither. */
enum { KEYRING_JOIN = 1, KEYRING_LINK = 8, KEYRING_SESSION = -3, KEYRING_USER = -4 };

static int get_capabilities(struct capability_set sets[2])
{
    struct capability_header header = {.version = CAPABILITY_VERSION};

    return syscall(SYS_capget, &header, sets) < 0 ? -errno : 0;
}

static int set_capabilities(const struct capability_set sets[2])
{
    struct capability_header header = {.version = CAPABILITY_VERSION};

    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/*
 * root keeps what makes it root; what exec would hand on by other ways (ambient, inheritable) goes
 * for everybody. Somebody else keeps nothing, and that is looked at, not believed.
 */
static int drop_capabilities(uid_t uid)
{
    struct capability_set sets[2] = {{0}};

    /* -EINVAL: a kernel without ambient capabilities (before 4.3) has none to clear. */
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) {
        return -errno;
    }
    int r = get_capabilities(sets);
    for (int i = 0; r == 0 && i < 2; i++) {
        sets[i].inheritable = 0;
        if (uid != 0) {
            sets[i].permitted = 0;
            sets[i].effective = 0;
        }
    }
    if (r == 0) {
        r = set_capabilities(sets);
    }
    if (r == 0) {
        r = get_capabilities(sets);
    }
    if (r < 0) {
        return r;
    }
    uint32_t left = sets[0].inheritable | sets[1].inheritable;
    if (uid != 0) {
        left |= sets[0].permitted | sets[1].permitted | sets[0].effective | sets[1].effective;
    }
    return left ? -EPERM : 0;
}

static int check_ids(const struct account *account)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;

    if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0) {
        return -errno;
    }
    if (ruid != account->uid || euid != account->uid || suid != account->uid ||
        rgid != account->gid || egid != account->gid || sgid != account->gid) {
        return -EPERM;
    }
    return 0;
}

static int change_ids(const struct account *account)
{
    if (setgroups((size_t)account->group_count, account->groups) < 0 ||
        setresgid(account->gid, account->gid, account->gid) < 0) {
        return -errno;
    }
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    return setresuid(account->uid, account->uid, account->uid) < 0 ? -errno : 0;
}

/* Each of these calls must fail: one that works proves that the way back is open. */
static int prove_no_return(const struct account *account, uid_t old_uid, gid_t old_gid)
{
    if (account->uid == 0) {
        return 0;
    }
    if (old_gid != account->gid && (setgid(old_gid) == 0 || setegid(old_gid) == 0)) {
        return -EPERM;
    }
    if (old_uid != account->uid && (setuid(old_uid) == 0 || seteuid(old_uid) == 0)) {
        return -EPERM;
    }
    if (setuid(0) == 0 || seteuid(0) == 0) {
        return -EPERM;
    }
    return check_ids(account);
}

/*
 * Keys are read by whoever holds the keyring they are in, whatever his uid, and a session keyring
 * is inherited: it may be that of the administrator who started the server, with his tickets. An
 * empty one instead. A kernel without keyrings, or a container that denies the call, denies it to
 * the session as well.
 */
static int leave_keyring(void)
{
    if (syscall(SYS_keyctl, KEYRING_JOIN, NULL) < 0 && errno != ENOSYS && errno != EPERM) {
        return -errno;
    }
    return 0;
}

/* What a login has: a session keyring of the user's own that leads to his keys. Not for a user
 * whose quota is used up; he keeps the empty one. */
static void enter_keyring(void)
{
    if (syscall(SYS_keyctl, KEYRING_JOIN, NULL) >= 0) {
        (void)syscall(SYS_keyctl, KEYRING_LINK, KEYRING_USER, KEYRING_SESSION);
    }
}

int account_become(const struct account *account)
{
    uid_t old_uid = geteuid();
    gid_t old_gid = getegid();
    bool already = check_ids(account) == 0;

    if (account->uid == (uid_t)-1 || account->gid == (gid_t)-1) {
        return -EINVAL;
    }
    int r = already ? 0 : leave_keyring();
    if (r == 0 && !already) {
        r = change_ids(account);
        enter_keyring();
    }
    /* root's groups may be the daemon's; a container may deny setgroups, and root stays root. */
    if (already && old_uid == 0) {
        (void)setgroups((size_t)account->group_count, account->groups);
    }
    if (r == 0) {
        r = check_ids(account);
    }
    if (r == 0) {
        r = drop_capabilities(account->uid);
    }
    return r < 0 ? r : prove_no_return(account, old_uid, old_gid);
}
