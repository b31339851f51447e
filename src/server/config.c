/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line by the table of config_options.c, on top of the file that it may name.
 * Starts nothing.
 */
#include "server/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"

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

int config_take(struct config *config, const struct config_option *option, const char *text,
                char error[CONFIG_ERROR_MAX])
{
    void *place = (char *)config + option->offset;
    char name[64];
    (void)snprintf(name, sizeof(name), "--%s", option->name);

    int r = option->check ? option->check(text, error, CONFIG_ERROR_MAX) : 0;
    if (r < 0) {
        return r;
    }
    switch (option->kind) {
    case CONFIG_FLAG:
        *(bool *)place = true;
        return 0;
    case CONFIG_COUNT:
        *(int *)place += 1;
        return 0;
    case CONFIG_NUMBER:
        return option_read_u32(name, text, option->min, option->max, (uint32_t *)place, error);
    case CONFIG_SECONDS:
        return option_read_seconds(name, text, option->max, (int *)place, error);
    case CONFIG_TEXT:
    case CONFIG_PATH:
        if (*text == '\0') {
            (void)snprintf(error, CONFIG_ERROR_MAX, "%s needs a value, not an empty text", name);
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

static int read_options(struct config *config, int argc, char **argv, char error[CONFIG_ERROR_MAX])
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

    optind = 0; /* start afresh: SIGHUP parses again */
    int value;
    while ((value = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const struct config_option *option = find_option(value);
        if (!option) {
            error[0] = '\0'; /* getopt has said why */
            return -EINVAL;
        }
        int r = config_take(config, option, optarg, error);
        if (r < 0) {
            return r;
        }
    }
    if (optind < argc) {
        (void)snprintf(error, CONFIG_ERROR_MAX,
                       "unexpected argument '%s': addresses go behind --listen", argv[optind]);
        return -EINVAL;
    }
    return 0;
}

static void set_defaults(struct config *config)
{
    *config = (struct config){
        .port = VSH_PORT_DEFAULT,
        .max_sessions = 512,
        .login_grace_ms = 20000,
        .grace_ms = 5000,
        .log_target = LOG_TO_STDERR,
    };
}

/* The command line has been read: once more, now on top of the file that it names. */
static int read_on_file(struct config *config, int argc, char **argv, char error[CONFIG_ERROR_MAX])
{
    const char *path = config->file;
    config_done(config);
    set_defaults(config);
    int r = config_read_file(config, path, error);
    return r < 0 ? r : read_options(config, argc, argv, error);
}

int config_read(struct config *config, int argc, char **argv, char error[CONFIG_ERROR_MAX])
{
    (void)snprintf(error, CONFIG_ERROR_MAX, "out of memory");
    set_defaults(config);
    int r = read_options(config, argc, argv, error);
    if (r == 0 && config->file) {
        r = read_on_file(config, argc, argv, error);
    }
    return r < 0 ? r : config_check(config, error);
}

int config_parse(struct config *config, int argc, char **argv)
{
    char error[CONFIG_ERROR_MAX];
    int r = config_read(config, argc, argv, error);
    if (r < 0 && error[0] != '\0') {
        (void)fprintf(stderr, SERVER_PROGRAM ": %s\n", error);
    }
    return r;
}

void config_done(struct config *config)
{
    free(config->addresses);
    free(config->file_text);
    free(config->listen_texts.items);
    free(config->allow.items);
    free(config->deny.items);
    free(config->allow_uid.items);
    free(config->ssh.authorized_keys.items);
    *config = (struct config){0};
}
