/* SPDX-License-Identifier: MIT */
/*
 * The host key's file. It is written beside its place and linked there, so that two sessions that
 * start at once end up with one key and nobody ever reads half of one.
 */
#include "server/ssh/ssh_host_key.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "session/account.h"

#define KEY_NAME "ssh_host_ed25519_key"

static int default_path(char path[PATH_MAX])
{
    struct account *account = NULL;
    int n;
    if (geteuid() == 0) {
        n = snprintf(path, PATH_MAX, "/etc/vsock-shell/" KEY_NAME);
    } else {
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");
        if (config != NULL && config[0] == '/') {
            n = snprintf(path, PATH_MAX, "%s/vsock-shell/" KEY_NAME, config);
        } else {
            if ((home == NULL || home[0] != '/') && account_lookup_uid(geteuid(), &account) == 0) {
                home = account->home;
            }
            n = snprintf(path, PATH_MAX, "%s/.config/vsock-shell/" KEY_NAME,
                         home != NULL ? home : "");
        }
    }
    account_free(account);
    return n > 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int ssh_host_key_place(const char *path, char ret[PATH_MAX])
{
    if (path == NULL) {
        return default_path(ret);
    }
    return snprintf(ret, PATH_MAX, "%s", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The folders above the file; only what is missing is made. */
static int make_folders(const char *path)
{
    char folder[PATH_MAX];
    if (strlen(path) >= sizeof(folder)) {
        return -ENAMETOOLONG;
    }
    (void)strcpy(folder, path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
            return -errno;
        }
        *slash = '/';
    }
    return 0;
}

static int make_key(const char *path)
{
    char temporary[PATH_MAX];
    ssh_key key = NULL;
    int r = make_folders(path);
    if (r < 0) {
        return r;
    }
    if (snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid()) >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    if (ssh_compat_generate(SSH_KEYTYPE_ED25519, &key) != SSH_OK) {
        return -EIO;
    }
    /* libssh opens the file with fopen(3): the mode is the umask's business. */
    mode_t before = umask(077);
    (void)unlink(temporary);
    r = ssh_pki_export_privkey_file(key, NULL, NULL, NULL, temporary) == SSH_OK ? 0 : -EIO;
    (void)umask(before);
    ssh_key_free(key);
    if (r == 0 && link(temporary, path) < 0 && errno != EEXIST) {
        r = rename(temporary, path) < 0 ? -errno : 0; /* a file system without hard links */
    }
    (void)unlink(temporary);
    if (r == 0) {
        log_notice("made the host key %s", path);
    }
    return r;
}

static int check_file(const char *path, char *error, size_t size)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode) || (st.st_uid == geteuid() && (st.st_mode & 077) != 0)) {
        (void)snprintf(error, size,
                       "host key %.300s can be read by others (mode 0%o); make it a file of mode "
                       "0600, or remove it and a new one is made",
                       path, st.st_mode & 07777);
        return -EPERM;
    }
    return 0;
}

int ssh_host_key_load(const char *path, ssh_key *ret, char *error, size_t size)
{
    char place[PATH_MAX];
    int r = path == NULL ? default_path(place) : 0;
    const char *file = path != NULL ? path : place;
    error[0] = '\0';
    if (r == 0) {
        r = check_file(file, error, size);
    }
    if (r == -ENOENT) {
        r = make_key(file);
        if (r < 0) {
            (void)snprintf(error, size,
                           "cannot make the host key %.300s: %s; name a place with --host-key",
                           file, strerror(-r));
        }
    }
    if (r == 0 && ssh_pki_import_privkey_file(file, NULL, NULL, NULL, ret) != SSH_OK) {
        r = -EINVAL;
        (void)snprintf(error, size, "%.300s holds no private key without a passphrase", file);
    }
    if (r < 0 && error[0] == '\0') {
        (void)snprintf(error, size, "cannot read the host key %.300s: %s", file, strerror(-r));
    }
    return r;
}

int ssh_host_key_print(ssh_key key)
{
    char *base64 = NULL, *fingerprint = NULL;
    unsigned char *hash = NULL;
    size_t length = 0;
    int r = -EIO;
    if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK &&
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0 &&
        (fingerprint = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length)) != NULL) {
        r = printf("%s %s %s\n", ssh_key_type_to_char(ssh_key_type(key)), base64, fingerprint) > 0
                ? 0
                : -EIO;
    }
    ssh_string_free_char(base64);
    ssh_string_free_char(fingerprint);
    ssh_clean_pubkey_hash(&hash);
    return r == 0 && fflush(stdout) == 0 ? 0 : -EIO;
}
