/* SPDX-License-Identifier: MIT */
/*
 * The two halves of the command line: options may stand before and after TARGET, and the first
 * other word after it begins the command, as with ssh. What they mean to the session is not known
 * here.
 */
#include "arguments_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        die("out of memory for %zu arguments", count);
    }
    return memory;
}

static char *join_words(char **words, size_t count)
{
    size_t size = 1;

    for (size_t i = 0; i < count; i++) {
        size += strlen(words[i]) + 1;
    }

    char *text = allocate(size, 1);
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *at++ = ' ';
        }
        at = stpcpy(at, words[i]);
    }
    return text;
}

static void settle_command(struct parser *parser, char **words, size_t count)
{
    struct client_arguments *out = parser->out;

    if (parser->command && count > 0) {
        arguments_wrong_use("the command is given twice: by --cmd and as '%s'", words[0]);
    }
    if (out->copy_count > 0 && (count > 0 || parser->command)) {
        arguments_wrong_use("a copy (-u, -d) and a command ('%s') do not go together",
                            count > 0 ? words[0] : parser->command);
    }
    if (parser->direct && count == 0) {
        arguments_wrong_use("--argv needs a program and its words after the target");
    }
    if (parser->command) {
        out->command = join_words((char *[]){(char *)(uintptr_t)parser->command}, 1);
    } else if (parser->direct) {
        out->argv = words;
        out->argc = count;
    } else if (count > 0) {
        out->command = join_words(words, count);
    }
}

static void settle_copies(struct parser *parser)
{
    struct client_arguments *out = parser->out;

    for (size_t i = 0; i < out->copy_count; i++) {
        const struct raw_copy *raw = &parser->copies[i];
        const char *folder = raw->upload ? parser->remote_dir : parser->local_dir;
        int rc = folder ? copy_request_set(raw->text, folder, raw->upload, &out->copies[i])
                        : copy_request_parse(raw->text, raw->upload, &out->copies[i]);
        if (rc == -ENOMEM) {
            die("out of memory");
        }
        if (rc < 0) {
            arguments_wrong_use("-%c '%s': give the copy as %s", raw->upload ? 'u' : 'd', raw->text,
                                raw->upload ? "LOCAL:REMOTE" : "REMOTE:LOCAL");
        }
    }
}

const char *first_in_use(const struct option_use *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (options[i].set) {
            return options[i].name;
        }
    }
    return NULL;
}

static void check(const struct client_arguments *out)
{
    const struct option_use for_copies[] = {
        {out->recursive, "-r"},
        {out->follow, "-L"},
        {out->resume, "--resume"},
        {out->no_clobber, "--no-clobber"},
        {out->dry_run, "--dry-run"},
        {out->sync, "--sync"},
        {out->exclude_count > 0, "--exclude"},
        {out->limit > 0, "--limit"},
        {out->json && !out->list, "--json"},
    };

    if (!out->target && !out->list && !out->names) {
        arguments_wrong_use("no target: give a CID, an address or a name");
    }
    const char *lonely = first_in_use(for_copies, sizeof(for_copies) / sizeof(for_copies[0]));
    if (lonely && out->copy_count == 0) {
        arguments_wrong_use("%s is for copies: give -u or -d with it", lonely);
    }
}

void arguments_parse(int argc, char **argv, struct client_arguments *ret)
{
    size_t room = (size_t)argc;
    struct parser parser = {.out = ret, .copies = allocate(room, sizeof(struct raw_copy))};

    *ret = (struct client_arguments){.escape = '~'};
    ret->env = allocate(room, sizeof(*ret->env));
    ret->excludes = allocate(room, sizeof(*ret->excludes));
    ret->copies = allocate(room, sizeof(*ret->copies));

    bool ended = arguments_read_options(&parser, argc, argv);
    if (!ret->target && optind < argc) {
        ret->target = argv[optind++];
        if (!ended) {
            (void)arguments_read_options(&parser, argc, argv);
        }
    }
    settle_command(&parser, argv + optind, (size_t)(argc - optind));
    settle_copies(&parser);
    free(parser.copies);
    check(ret);
}

void arguments_done(struct client_arguments *arguments)
{
    for (size_t i = 0; i < arguments->copy_count; i++) {
        copy_request_done(&arguments->copies[i]);
    }
    free(arguments->copies);
    free(arguments->env);
    free(arguments->excludes);
    free(arguments->command);
}
