/* SPDX-License-Identifier: MIT */
/* Says of a process what a recording's header shows: its command as a person would type it. */
#include "process_record.h"

#include <stddef.h>
#include <string.h>

#include "session/environ.h"
#include "session/process.h"
#include "session/pty.h"
#include "session/record.h"
#include "session/record_message.h"

/* The words with blanks between them, cut to size. */
static void join(char *const *argv, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; argv[i] && used + 1 < size; i++) {
        size_t room = size - used - 1;
        size_t length = strnlen(argv[i], room);
        if (i > 0 && room > 0) {
            text[used++] = ' ';
            length = length < room ? length : room - 1;
        }
        memcpy(text + used, argv[i], length);
        used += length;
        text[used] = '\0';
    }
}

int process_record_start(const struct process_spec *spec, struct record **ret)
{
    char joined[RECORD_COMMAND_MAX];
    char *const *argv = spec->argv;

    *ret = NULL;
    if (!spec->recorder || spec->recorder->fd < 0 || !spec->pty) {
        return 0;
    }
    struct record_about about = {
        .terminal_fd = spec->pty->master_fd,
        .shell = environ_find(spec->envp, "SHELL", ""),
        .term = environ_find(spec->envp, "TERM", ""),
    };
    bool is_command = argv[0] && argv[1] && strcmp(argv[1], "-c") == 0 && argv[2] && !argv[3];
    if (is_command) {
        about.command = argv[2];
    } else if (argv[0] && argv[0][0] != '-') {
        join(argv, joined, sizeof(joined));
        about.command = joined;
    }
    return record_start(spec->recorder, &about, ret);
}
