/* SPDX-License-Identifier: MIT */
/* The option table, and what each option puts into struct client_arguments. */
#include "arguments_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/options.h"
#include "common/port_option.h"

#define WAIT_MAX_SECONDS    (7u * 24u * 3600u)
#define TIMEOUT_MAX_SECONDS 3600u

enum long_option {
    OPT_WAIT = 256,
    OPT_TIMEOUT,
    OPT_PROTOCOL,
    OPT_RESUME,
    OPT_NO_CLOBBER,
    OPT_DRY_RUN,
    OPT_SYNC,
    OPT_JSON,
    OPT_EXCLUDE,
    OPT_LIMIT,
    OPT_ARGV,
    OPT_LIST,
    OPT_NAMES,
    OPT_ESCAPE,
    OPT_VERSION,
    OPT_CID,
    OPT_CMD,
    OPT_REMOTE_DIR,
    OPT_LOCAL_DIR,
};

static const char short_options[] = "+p:tTe:C:l:qvu:d:rLh";

static const struct option long_options[] = {
    {"port", required_argument, NULL, 'p'},
    {"env", required_argument, NULL, 'e'},
    {"chdir", required_argument, NULL, 'C'},
    {"user", required_argument, NULL, 'l'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"upload", required_argument, NULL, 'u'},
    {"download", required_argument, NULL, 'd'},
    {"recursive", no_argument, NULL, 'r'},
    {"dereference", no_argument, NULL, 'L'},
    {"wait", required_argument, NULL, OPT_WAIT},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"protocol", required_argument, NULL, OPT_PROTOCOL},
    {"resume", no_argument, NULL, OPT_RESUME},
    {"no-clobber", no_argument, NULL, OPT_NO_CLOBBER},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"sync", no_argument, NULL, OPT_SYNC},
    {"json", no_argument, NULL, OPT_JSON},
    {"exclude", required_argument, NULL, OPT_EXCLUDE},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"argv", no_argument, NULL, OPT_ARGV},
    {"list", no_argument, NULL, OPT_LIST},
    {"names", no_argument, NULL, OPT_NAMES},
    {"escape", required_argument, NULL, OPT_ESCAPE},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
    {"cid", required_argument, NULL, OPT_CID},
    {"cmd", required_argument, NULL, OPT_CMD},
    {"remote-dir", required_argument, NULL, OPT_REMOTE_DIR},
    {"local-dir", required_argument, NULL, OPT_LOCAL_DIR},
    {NULL, 0, NULL, 0},
};

void arguments_wrong_use(const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_error("%s", text);
    usage_error(CLIENT_PROGRAM);
}

static void require(int rc)
{
    if (rc < 0) {
        usage_error(CLIENT_PROGRAM); /* the option parser has said why */
    }
}

static void add_env(struct client_arguments *out, const char *text)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text) {
        arguments_wrong_use("-e '%s': give a variable as NAME=VALUE", text);
    }
    out->env[out->envc++] = text;
}

static void set_escape(struct client_arguments *out, const char *text)
{
    if (strcmp(text, "none") == 0) {
        out->escape = -1;
    } else if (text[0] != '\0' && text[1] == '\0') {
        out->escape = (unsigned char)text[0];
    } else if (text[0] == '^' && text[1] >= '@' && text[1] <= '_' && text[2] == '\0') {
        out->escape = text[1] & 0x1f;
    } else {
        arguments_wrong_use("--escape '%s': give one character, ^X for a control key, or 'none'",
                            text);
    }
}

static void set_protocol(struct client_arguments *out, const char *text)
{
    uint32_t version = 0;

    require(option_u32("--protocol", text, 1, 2, &version));
    out->protocol = (int)version;
}

static void add_copy(struct parser *parser, const char *text, bool upload)
{
    parser->copies[parser->out->copy_count++] = (struct raw_copy){.text = text, .upload = upload};
}

static void apply_option(struct parser *parser, int option, char *value)
{
    struct client_arguments *out = parser->out;

    switch (option) {
    case 'p':
        require(port_option_parse("-p", value, &out->port));
        break;
    case 't':
        out->pty = CLIENT_PTY_ALWAYS;
        break;
    case 'T':
        out->pty = CLIENT_PTY_NEVER;
        break;
    case 'e':
        add_env(out, value);
        break;
    case 'C':
        out->cwd = value;
        break;
    case 'l':
        out->user = value;
        break;
    case 'q':
        out->quiet = true;
        break;
    case 'v':
        out->verbose++;
        break;
    case 'u':
    case 'd':
        add_copy(parser, value, option == 'u');
        break;
    case 'r':
        out->recursive = true;
        break;
    case 'L':
        out->follow = true;
        break;
    case OPT_WAIT:
        require(option_seconds("--wait", value, WAIT_MAX_SECONDS, &out->wait_ms));
        break;
    case OPT_TIMEOUT:
        require(option_seconds("--timeout", value, TIMEOUT_MAX_SECONDS, &out->timeout_ms));
        break;
    case OPT_PROTOCOL:
        set_protocol(out, value);
        break;
    case OPT_RESUME:
        out->resume = true;
        break;
    case OPT_NO_CLOBBER:
        out->no_clobber = true;
        break;
    case OPT_DRY_RUN:
        out->dry_run = true;
        break;
    case OPT_SYNC:
        out->sync = true;
        break;
    case OPT_JSON:
        out->json = true;
        break;
    case OPT_EXCLUDE:
        out->excludes[out->exclude_count++] = value;
        break;
    case OPT_LIMIT:
        require(option_size("--limit", value, &out->limit));
        break;
    case OPT_ARGV:
        parser->direct = true;
        break;
    case OPT_LIST:
        out->list = true;
        break;
    case OPT_NAMES:
        out->names = true;
        break;
    case OPT_ESCAPE:
        set_escape(out, value);
        break;
    case OPT_CID:
        out->target = value;
        break;
    case OPT_CMD:
        parser->command = value;
        break;
    case OPT_REMOTE_DIR:
        parser->remote_dir = value;
        break;
    case OPT_LOCAL_DIR:
        parser->local_dir = value;
        break;
    case OPT_VERSION:
        print_version(CLIENT_PROGRAM);
        exit(0);
    case 'h':
        arguments_help();
        exit(0);
    default:
        usage_error(CLIENT_PROGRAM); /* getopt has said which option */
    }
}

bool arguments_read_options(struct parser *parser, int argc, char **argv)
{
    int option;

    options_short_name(argv);
    while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        apply_option(parser, option, optarg);
    }
    return optind > 1 && strcmp(argv[optind - 1], "--") == 0;
}
