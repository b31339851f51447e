/* SPDX-License-Identifier: MIT */
/* The policy that the options ask for, and the settings in words for --check. */
#include "server/config.h"

#include <errno.h>
#include <string.h>

#include "session/account.h"
#include "session/policy.h"

typedef int rule_fn(struct policy *policy, const char *text, char *error, size_t error_size);

static int add_rules(struct policy *policy, const struct config_list *list, rule_fn *add,
                     char *error, size_t error_size)
{
    for (size_t i = 0; i < list->count; i++) {
        int r = add(policy, list->items[i], error, error_size);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int add_all_rules(const struct config *config, struct policy *policy, char *error,
                         size_t error_size)
{
    int r = add_rules(policy, &config->allow, policy_allow, error, error_size);
    if (r == 0) {
        r = add_rules(policy, &config->deny, policy_deny, error, error_size);
    }
    if (r == 0) {
        r = add_rules(policy, &config->allow_uid, policy_allow_uid, error, error_size);
    }
    if (r == 0 && config->root) {
        r = policy_set_root(policy, config->root);
        if (r < 0) {
            (void)snprintf(error, error_size, "--root: cannot open folder '%s': %s", config->root,
                           strerror(-r));
        }
    }
    return r;
}

int config_policy(const struct config *config, struct policy **ret, char *error, size_t error_size)
{
    struct policy *policy = NULL;
    (void)snprintf(error, error_size, "out of memory");
    int r = policy_new(&policy);
    if (r < 0) {
        return r;
    }
    r = add_all_rules(config, policy, error, error_size);
    if (r < 0) {
        policy_free(policy);
        return r;
    }
    if (config->require_privileged_port) {
        policy_require_privileged_port(policy);
    }
    const struct {
        bool off;
        enum policy_right right;
    } switches[] = {
        {config->no_exec, POLICY_EXEC},       {config->no_pty, POLICY_PTY},
        {config->no_upload, POLICY_UPLOAD},   {config->no_download, POLICY_DOWNLOAD},
        {config->no_forward, POLICY_FORWARD},
    };
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (switches[i].off) {
            policy_remove_right(policy, switches[i].right);
        }
    }
    policy_finish(policy);
    *ret = policy;
    return 0;
}

static void print_value(const struct config *config, const struct config_option *option, FILE *out)
{
    const void *place = (const char *)config + option->offset;
    const struct config_list *list = place;
    switch (option->kind) {
    case CONFIG_FLAG:
        (void)fprintf(out, "%s: %s\n", option->name, *(const bool *)place ? "yes" : "no");
        break;
    case CONFIG_COUNT:
        (void)fprintf(out, "%s: %d\n", option->name, *(const int *)place);
        break;
    case CONFIG_NUMBER:
        (void)fprintf(out, "%s: %u\n", option->name, *(const uint32_t *)place);
        break;
    case CONFIG_SECONDS:
        (void)fprintf(out, "%s: %g\n", option->name, *(const int *)place / 1000.0);
        break;
    case CONFIG_TEXT:
    case CONFIG_PATH:
        if (*(const char *const *)place) {
            (void)fprintf(out, "%s: %s\n", option->name, *(const char *const *)place);
        }
        break;
    case CONFIG_LIST:
        for (size_t i = 0; i < list->count; i++) {
            (void)fprintf(out, "%s: %s\n", option->name, list->items[i]);
        }
        break;
    case CONFIG_HELP:
    case CONFIG_VERSION:
        break;
    }
}

void config_print(const struct config *config, const struct policy *policy, FILE *out)
{
    for (size_t i = 0; !config->one_connection && i < config->address_count; i++) {
        char text[VSH_ADDRESS_MAX];
        (void)fprintf(out, "address: %s\n",
                      vsh_address_format(&config->addresses[i], text, sizeof(text)));
    }
    for (size_t i = 0; i < config_option_count; i++) {
        print_value(config, &config_options[i], out);
    }
    char rules[4096];
    (void)fprintf(out, "policy:\n%s\n", policy_describe(policy, rules, sizeof(rules)));
}
