/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line by the table of config_options.c and checks what one option alone cannot
 * say. Makes the policy out of the rules. Starts nothing.
 */
#include "server/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "session/policy.h"

#define OPTIONS_MAX 64
#define LETTER_BASE 256 /* getopt's val of an option without a letter: its index above this */

static int list_add(struct config_list *list, const char *text)
{
    const char **grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
    if (!grown) {
        return -ENOMEM;
    }
    list->items = grown;
    list->items[list->count++] = text;
    return 0;
}

static void print_help(void)
{
    printf("usage: " SERVER_PROGRAM " [-p PORT] [-d] [-v] [--listen ADDRESS]... [OPTION]...\n"
           "       " SERVER_PROGRAM " -i [OPTION]...\n"
           "       " SERVER_PROGRAM " --status [-p PORT | --control PATH] [--json]\n\n"
           "A shell, commands and file copy over AF_VSOCK; with --ssh an SSH server, too.\n"
           "ADDRESS: vsock:any[:PORT], unix:PATH, mux:PATH. PEER: host, local, any, CID,\n"
           "CID-CID. Options marked + may be given several times.\n\n");
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        char names[64];
        (void)snprintf(names, sizeof(names), "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
                       option->letter ? option->letter : ' ', option->letter ? ", " : "  ",
                       option->name, option->argument ? " " : "",
                       option->argument ? option->argument : "");
        printf("  %-30s %s%s\n", names, option->help, option->kind == CONFIG_LIST ? " +" : "");
    }
}

/* Puts one option's value where the table says. Returns 0 or -EINVAL after a sentence. */
static int take_option(struct config *config, const struct config_option *option, const char *text)
{
    void *place = (char *)config + option->offset;
    char name[64];
    (void)snprintf(name, sizeof(name), "--%s", option->name);

    switch (option->kind) {
    case CONFIG_FLAG:
        *(bool *)place = true;
        return 0;
    case CONFIG_COUNT:
        *(int *)place += 1;
        return 0;
    case CONFIG_NUMBER:
        return option_u32(name, text, option->min, option->max, (uint32_t *)place);
    case CONFIG_SECONDS:
        return option_seconds(name, text, option->max, (int *)place);
    case CONFIG_TEXT:
        if (*text == '\0') {
            (void)fprintf(stderr, SERVER_PROGRAM ": %s needs a value, not an empty text\n", name);
            return -EINVAL;
        }
        *(const char **)place = text;
        return 0;
    case CONFIG_LIST:
        return list_add((struct config_list *)place, text);
    case CONFIG_HELP:
        print_help();
        exit(0);
    case CONFIG_VERSION:
        print_version(SERVER_PROGRAM);
        exit(0);
    }
    return -EINVAL;
}

static const struct config_option *find_option(int value)
{
    if (value >= LETTER_BASE && (size_t)(value - LETTER_BASE) < config_option_count) {
        return &config_options[value - LETTER_BASE];
    }
    for (size_t i = 0; i < config_option_count; i++) {
        if (config_options[i].letter && config_options[i].letter == value) {
            return &config_options[i];
        }
    }
    return NULL;
}

static int read_options(struct config *config, int argc, char **argv)
{
    struct option table[OPTIONS_MAX] = {0};
    char letters[OPTIONS_MAX * 2 + 1];
    size_t used = 0;
    for (size_t i = 0; i < config_option_count && i < OPTIONS_MAX - 1; i++) {
        const struct config_option *option = &config_options[i];
        table[i].name = option->name;
        table[i].has_arg = option->argument ? required_argument : no_argument;
        table[i].val = option->letter ? option->letter : LETTER_BASE + (int)i;
        if (option->letter) {
            letters[used++] = option->letter;
            if (option->argument) {
                letters[used++] = ':';
            }
        }
    }
    letters[used] = '\0';

    optind = 0; /* start afresh: unit tests parse more than once */
    int value;
    while ((value = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const struct config_option *option = find_option(value);
        if (!option) {
            return -EINVAL; /* getopt has said why */
        }
        int r = take_option(config, option, optarg);
        if (r < 0) {
            return r;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr,
                      SERVER_PROGRAM ": unexpected argument '%s': addresses go behind --listen\n",
                      argv[optind]);
        return -EINVAL;
    }
    return 0;
}

/* The addresses: --listen's, each with -p's port unless it names one; or every CID of this VM. */
static int make_addresses(struct config *config)
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
        const char *text = config->listen_texts.items[i];
        struct vsh_address *address = &config->addresses[i];
        char error[512] = "";
        int r = vsh_address_parse(text, VSH_ADDRESS_LISTEN, address, error, sizeof(error));
        if (r == -ENOENT) {
            (void)snprintf(error, sizeof(error),
                           "'%s' is no address to listen on: give vsock:any, vsock:any:PORT, "
                           "unix:PATH or mux:PATH",
                           text);
        }
        if (r < 0) {
            (void)fprintf(stderr, SERVER_PROGRAM ": --listen: %s\n", error);
            return r;
        }
        if (!address->has_port) {
            address->port = config->port;
        }
    }
    config->address_count = count;
    return 0;
}

static int check_whole(struct config *config)
{
    if (config->log_text && log_target_parse(config->log_text, &config->log_target) < 0) {
        (void)fprintf(stderr, SERVER_PROGRAM ": --log: '%s' is not one of stderr, syslog, json\n",
                      config->log_text);
        return -EINVAL;
    }
    if (!config->log_text && config->daemonize) {
        config->log_target = LOG_TO_SYSLOG; /* stderr is closed by then */
    }
    if (config->one_connection && (config->daemonize || config->listen_texts.count)) {
        (void)fprintf(stderr, SERVER_PROGRAM ": -i serves standard input: it goes with neither -d "
                                             "nor --listen\n");
        return -EINVAL;
    }
    if (config->status && (config->daemonize || config->one_connection || config->check_only ||
                           config->listen_texts.count)) {
        (void)fprintf(stderr, SERVER_PROGRAM ": --status asks a running server: it goes with -p, "
                                             "--control and --json, not with -d, -i, --check or "
                                             "--listen\n");
        return -EINVAL;
    }
    if (config->json && !config->status) {
        (void)fprintf(stderr,
                      SERVER_PROGRAM ": --json goes with --status; the log is --log json\n");
        return -EINVAL;
    }
    if (config->control && strlen(config->control) >= VSH_PATH_MAX) {
        (void)fprintf(stderr,
                      SERVER_PROGRAM ": --control: the path of a socket file has at most "
                                     "%d bytes\n",
                      VSH_PATH_MAX - 1);
        return -EINVAL;
    }
    if (config->shell && config->shell[0] != '/') {
        (void)fprintf(stderr, SERVER_PROGRAM ": --shell: '%s' is not an absolute path\n",
                      config->shell);
        return -EINVAL;
    }
    return 0;
}

int config_parse(struct config *config, int argc, char **argv)
{
    *config = (struct config){
        .port = VSH_PORT_DEFAULT,
        .max_sessions = 512,
        .login_grace_ms = 20000,
        .grace_ms = 5000,
        .log_target = LOG_TO_STDERR,
    };
    int r = read_options(config, argc, argv);
    if (r == 0) {
        r = check_whole(config);
    }
    if (r == 0) {
        r = make_addresses(config);
    }
    return r;
}

void config_done(struct config *config)
{
    free(config->addresses);
    free(config->listen_texts.items);
    free(config->allow.items);
    free(config->deny.items);
    free(config->allow_uid.items);
    free(config->ssh.authorized_keys.items);
    *config = (struct config){0};
}
