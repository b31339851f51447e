/* SPDX-License-Identifier: MIT */
/*
 * The lists. libssh drops the names that it does not know, so the post-quantum exchanges stand
 * first for the versions that have them. Certificates are absent on purpose: libssh hands out no
 * principals and no validity, so they could only be half-checked.
 */
#include "server/ssh/ssh_algorithms.h"

#include <errno.h>
#include <stddef.h>
#include <sys/auxv.h>

#define BANNER "OpenSSH_9.2 vsock-shell-" VSH_VERSION

static const char key_exchanges[] =
    "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
    "curve25519-sha256,curve25519-sha256@libssh.org,"
    "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256";

/*
 * The client's order decides, and OpenSSH's is ChaCha20, CTR, GCM, while GCM costs both sides half
 * as much: so it is offered nothing else. The others may lack GCM (libssh2, dropbear, paramiko).
 */
static const char ciphers_gcm[] = "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
static const char ciphers_aes[] =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
/* What --ssh-all-ciphers adds, for clients that are set to one of the others. */
static const char ciphers_all[] =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,"
    "aes128-ctr,aes192-ctr,aes256-ctr";
/* GCM without the instructions is slow, and its tables leak timing. */
static const char ciphers_software[] =
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";

static const char macs[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
                           "hmac-sha2-256,hmac-sha2-512";

static const char host_keys[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                                "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";

static const char user_keys[] =
    "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
    "ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

#if defined(__x86_64__) || defined(__i386__)
static bool has_aes(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}
#elif defined(__aarch64__)
static bool has_aes(void)
{
    const unsigned long aes_and_pmull = 1ul << 3 | 1ul << 4; /* HWCAP_AES, HWCAP_PMULL */
    return (getauxval(AT_HWCAP) & aes_and_pmull) == aes_and_pmull;
}
#else
static bool has_aes(void)
{
    return false;
}
#endif

static const char *choose_ciphers(bool is_openssh, bool all)
{
    if (all) {
        return ciphers_all;
    }
    if (!has_aes()) {
        return ciphers_software;
    }
    return is_openssh ? ciphers_gcm : ciphers_aes;
}

int ssh_algorithms_apply(ssh_bind bind, bool is_openssh, bool all_ciphers)
{
    const bool no_config = false;
    const int rsa_min = 2048;
    const char *ciphers = choose_ciphers(is_openssh, all_ciphers);
    const struct {
        enum ssh_bind_options_e option;
        const void *value;
    } table[] = {
        {SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_config},
        {SSH_BIND_OPTIONS_KEY_EXCHANGE, key_exchanges},
        {SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers},
        {SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers},
        {SSH_BIND_OPTIONS_HMAC_C_S, macs},
        {SSH_BIND_OPTIONS_HMAC_S_C, macs},
        {SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, host_keys},
        {SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, user_keys},
        {SSH_BIND_OPTIONS_RSA_MIN_SIZE, &rsa_min},
        /* OpenSSH tells only servers of this name that its reader is gone (eow@openssh.com):
           without it `ssh host yes | head -1` never ends. */
        {SSH_BIND_OPTIONS_BANNER, BANNER},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (ssh_bind_options_set(bind, table[i].option, table[i].value) < 0) {
            return -EIO;
        }
    }
    return 0;
}
