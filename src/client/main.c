/* SPDX-License-Identifier: MIT */
/* vsock-shell-client: options, the target, then a shell session or a run of copies. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "base/fd.h"
#include "common/log.h"
#include "common/loop.h"
#include "list.h"
#include "shell.h"
#include "status.h"
#include "target.h"
#include "text_out.h"
#include "transfer.h"

static enum log_level level_of(const struct client_arguments *arguments)
{
    if (arguments->verbose > 0) {
        return arguments->verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
    }
    return arguments->quiet ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE;
}

/* From here on signals wait for the loop, so nothing else may wait without looking for them. */
static int run_in_loop(const struct client_arguments *arguments, const struct target *target,
                       struct loop *loop)
{
    struct text_out messages;
    int rc = text_out_init(&messages, loop, STDERR_FILENO);

    if (rc < 0) {
        log_error("cannot start: %s", vsh_strerror(rc));
        return CLIENT_STATUS_OWN;
    }
    log_set_writer(text_out_write, &messages);
    int status = arguments->copy_count > 0 ? transfer_run(arguments, target, loop)
                                           : shell_run(arguments, target, loop);
    log_set_writer(NULL, NULL);
    text_out_done(&messages);
    return status;
}

static int run(const struct client_arguments *arguments)
{
    struct target target = {0};
    struct loop *loop = NULL;

    if (arguments->list || arguments->names) {
        return list_run(arguments);
    }
    if (target_resolve(arguments, &target) < 0) {
        return CLIENT_STATUS_OWN;
    }
    int rc = loop_new(&loop);
    if (rc < 0) {
        log_error("cannot start: %s", vsh_strerror(rc));
        return CLIENT_STATUS_OWN;
    }
    int status = run_in_loop(arguments, &target, loop);
    loop_free(loop);
    return status;
}

int main(int argc, char **argv)
{
    struct client_arguments arguments;

    /* Writers are told by EPIPE. A closed 0, 1 or 2 must not become the socket. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    /* How wide a character of a file name is: nothing else here depends on the locale. */
    (void)setlocale(LC_CTYPE, "");
    log_open(CLIENT_PROGRAM, LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    if (fd_open_standard() < 0) {
        return CLIENT_STATUS_OWN;
    }
    arguments_parse(argc, argv, &arguments);
    log_set_level(level_of(&arguments));
    int status = run(&arguments);
    arguments_done(&arguments);
    return status;
}
