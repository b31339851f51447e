/* SPDX-License-Identifier: MIT */
/* Which values an option takes, and which options go together. */
#include "server/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "session/auth_methods.h"
#include "session/policy.h"

typedef int rule_fn(struct policy *policy, const char *text, char *error, size_t error_size);

/* A rule is what the policy takes for one. */
static int check_rule(rule_fn *add, const char *text, char *error, size_t error_size)
{
    struct policy *policy = NULL;
    int r = policy_new(&policy);
    if (r == 0) {
        r = add(policy, text, error, error_size);
    }
    policy_free(policy);
    return r;
}

int config_check_allow(const char *text, char *error, size_t error_size)
{
    return check_rule(policy_allow, text, error, error_size);
}

int config_check_deny(const char *text, char *error, size_t error_size)
{
    return check_rule(policy_deny, text, error, error_size);
}

int config_check_allow_uid(const char *text, char *error, size_t error_size)
{
    return check_rule(policy_allow_uid, text, error, error_size);
}

int config_check_log(const char *text, char *error, size_t error_size)
{
    enum log_target target;
    int r = log_target_parse(text, &target);
    if (r < 0) {
        (void)snprintf(error, error_size, "--log: '%s' is not one of stderr, syslog, json", text);
    }
    return r;
}

int config_check_auth(const char *text, char *error, size_t error_size)
{
    struct auth_methods methods;
    int r = auth_methods_parse(text, &methods);
    if (r < 0) {
        (void)snprintf(error, error_size, "--ssh-auth: '%s' is not " AUTH_METHODS_FORM, text);
    }
    return r;
}

int config_check_not_empty(const char *text, char *error, size_t error_size)
{
    if (*text == '\0') {
        (void)snprintf(error, error_size, "--authorized-keys needs a value, not an empty text");
        return -EINVAL;
    }
    return 0;
}

static int parse_address(const char *text, struct vsh_address *ret, char *error, size_t error_size)
{
    char why[512] = "";
    int r = vsh_address_parse(text, VSH_ADDRESS_LISTEN, ret, why, sizeof(why));
    if (r == -ENOENT) {
        (void)snprintf(error, error_size,
                       "--listen: '%s' is no address to listen on: give vsock:any, "
                       "vsock:any:PORT, unix:PATH or mux:PATH",
                       text);
    } else if (r < 0) {
        (void)snprintf(error, error_size, "--listen: %s", why);
    }
    return r;
}

int config_check_address(const char *text, char *error, size_t error_size)
{
    struct vsh_address address;
    return parse_address(text, &address, error, error_size);
}

__attribute__((format(printf, 2, 3))) static int fail(char error[CONFIG_ERROR_MAX],
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error, CONFIG_ERROR_MAX, format, args);
    va_end(args);
    return -EINVAL;
}

static bool same_address(const struct vsh_address *a, const struct vsh_address *b)
{
    char first[VSH_ADDRESS_MAX];
    char second[VSH_ADDRESS_MAX];
    return strcmp(vsh_address_format(a, first, sizeof(first)),
                  vsh_address_format(b, second, sizeof(second))) == 0;
}

/* The addresses: --listen's, each with -p's port unless it names one; or every CID of this VM. */
static int make_addresses(struct config *config, char error[CONFIG_ERROR_MAX])
{
    size_t count = config->listen_texts.count;
    config->addresses = calloc(count ? count : 1, sizeof(*config->addresses));
    if (!config->addresses) {
        return -ENOMEM;
    }
    if (count == 0) {
        config->addresses[0] = (struct vsh_address){
            .family = VSH_FAMILY_VSOCK, .cid = VSH_CID_ANY, .port = config->port, .has_port = true};
        config->address_count = 1;
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct vsh_address *address = &config->addresses[i];
        int r = parse_address(config->listen_texts.items[i], address, error, CONFIG_ERROR_MAX);
        if (r < 0) {
            return r;
        }
        if (!address->has_port) {
            address->port = config->port;
        }
        for (size_t j = 0; j < i; j++) {
            if (same_address(address, &config->addresses[j])) {
                return fail(error, "--listen: '%s' is there twice", config->listen_texts.items[i]);
            }
        }
    }
    config->address_count = count;
    return 0;
}

/* A daemon works in "/", where a relative path would mean something else. */
static int check_paths(const struct config *config, char error[CONFIG_ERROR_MAX])
{
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (option->kind != CONFIG_PATH) {
            continue;
        }
        const char *path = *(const char *const *)((const char *)config + option->offset);
        if (path && path[0] != '/') {
            return fail(error, "--%s: with -d, which works in /, '%s' is not an absolute path",
                        option->name, path);
        }
    }
    for (size_t i = 0; i < config->address_count; i++) {
        const struct vsh_address *address = &config->addresses[i];
        bool is_file = address->family == VSH_FAMILY_MUX ||
                       (address->family == VSH_FAMILY_UNIX && address->path[0] != '@');
        if (is_file && address->path[0] != '/') {
            return fail(error, "--listen: with -d, which works in /, '%s' is not an absolute path",
                        address->path);
        }
    }
    return 0;
}

static int check_log(struct config *config, char error[CONFIG_ERROR_MAX])
{
    if (!config->log_text) {
        /* Standard error is closed by then. */
        config->log_target = config->daemonize ? LOG_TO_SYSLOG : LOG_TO_STDERR;
        return 0;
    }
    (void)log_target_parse(config->log_text, &config->log_target); /* checked when it was taken */
    if (config->daemonize && config->log_target != LOG_TO_SYSLOG) {
        return fail(error,
                    "--log: '%s' is standard error, which -d closes: take syslog, or leave -d to a "
                    "service manager",
                    config->log_text);
    }
    return 0;
}

static int check_pairs(const struct config *config, char error[CONFIG_ERROR_MAX])
{
    if (config->one_connection && (config->daemonize || config->listen_texts.count)) {
        return fail(error, "-i serves standard input: it goes with neither -d nor --listen");
    }
    if (config->status && (config->daemonize || config->one_connection || config->check_only)) {
        return fail(error, "--status asks a running server: it goes with -p, --control and --json, "
                           "not with -d, -i or --check");
    }
    if (config->json && !config->status) {
        return fail(error, "--json goes with --status; the log is --log json");
    }
    if (config->no_native && !config->ssh.on) {
        return fail(error, "--no-native leaves SSH alone: it takes --ssh");
    }
    if (config->control && strlen(config->control) >= VSH_PATH_MAX) {
        return fail(error, "--control: the path of a socket file has at most %d bytes",
                    VSH_PATH_MAX - 1);
    }
    if (config->shell && config->shell[0] != '/') {
        return fail(error, "--shell: '%s' is not an absolute path", config->shell);
    }
    if (config->ssh.authorized_keys.count > AUTH_KEY_FILES_MAX) {
        return fail(error, "--authorized-keys: at most %d patterns", AUTH_KEY_FILES_MAX);
    }
    return 0;
}

int config_check(struct config *config, char error[CONFIG_ERROR_MAX])
{
    int r = check_pairs(config, error);
    if (r == 0) {
        r = check_log(config, error);
    }
    if (r == 0) {
        r = make_addresses(config, error);
    }
    if (r == 0 && config->daemonize) {
        r = check_paths(config, error);
    }
    return r;
}
