/* SPDX-License-Identifier: MIT */
/*
 * The EXEC request: what to run, where, as whom, with which environment and terminal. Tagged fields
 * only, written straight into the queue; a field that changes what runs is marked as required, so
 * that an older server refuses rather than running something else.
 */
#include <vsock-shell/message.h>

#include "lib/message_wire.h"

enum exec_field {
    EXEC_PTY = 1,     /* rows, columns, x and y pixels, u16 each: wants a PTY */
    EXEC_TERM = 2,    /* text */
    EXEC_USER = 3,    /* text */
    EXEC_CWD = 4,     /* text */
    EXEC_COMMAND = 5, /* text for shell -c */
    EXEC_ARG = 6,     /* text, once per word */
    EXEC_ENV = 7,     /* text "NAME=VALUE", once per pair */
};

#define PTY_FIELD_BYTES 8u

/* Which fields came, so that none comes twice. */
struct exec_seen {
    bool pty, term, user, cwd, command;
};

static bool pair_is_valid(const char *pair)
{
    const char *equals = strchr(pair, '=');

    return equals && equals != pair;
}

static bool exec_is_valid(const struct vsh_exec *exec)
{
    if (exec->argc > VSH_EXEC_ARGS_MAX || exec->envc > VSH_EXEC_ENV_MAX ||
        (exec->argc > 0 && exec->command)) {
        return false;
    }
    for (uint32_t i = 0; i < exec->envc; i++) {
        if (!pair_is_valid(exec->env[i])) {
            return false;
        }
    }
    return true;
}

/* The optional texts: left out of the message when empty. */
struct exec_texts {
    struct {
        uint16_t tag;
        const char *text;
    } entry[3];
};

static struct exec_texts optional_texts(const struct vsh_exec *exec)
{
    return (struct exec_texts){{
        {EXEC_TERM, text_or_empty(exec->term)},
        {WIRE_REQUIRED | EXEC_USER, text_or_empty(exec->user)},
        {WIRE_REQUIRED | EXEC_CWD, text_or_empty(exec->cwd)},
    }};
}

size_t vsh_exec_size(const struct vsh_exec *exec)
{
    struct exec_texts texts = optional_texts(exec);
    size_t size = exec->pty ? WIRE_FIELD_HEADER + PTY_FIELD_BYTES : 0;

    for (size_t i = 0; i < sizeof(texts.entry) / sizeof(texts.entry[0]); i++) {
        size += texts.entry[i].text[0] ? text_field_size(texts.entry[i].text) : 0;
    }
    size += exec->command ? text_field_size(exec->command) : 0;
    for (uint32_t i = 0; i < exec->argc && i < VSH_EXEC_ARGS_MAX; i++) {
        size += text_field_size(exec->argv[i]);
    }
    for (uint32_t i = 0; i < exec->envc && i < VSH_EXEC_ENV_MAX; i++) {
        size += text_field_size(exec->env[i]);
    }
    return size;
}

static void write_exec(struct wire_writer *w, const struct vsh_exec *exec)
{
    struct exec_texts texts = optional_texts(exec);

    if (exec->pty) {
        uint8_t bytes[PTY_FIELD_BYTES];
        struct wire_writer size = {.data = bytes, .capacity = sizeof(bytes)};
        wire_put_u16(&size, exec->size.rows);
        wire_put_u16(&size, exec->size.columns);
        wire_put_u16(&size, exec->size.x_pixels);
        wire_put_u16(&size, exec->size.y_pixels);
        wire_put_field(w, WIRE_REQUIRED | EXEC_PTY, bytes, sizeof(bytes));
    }
    for (size_t i = 0; i < sizeof(texts.entry) / sizeof(texts.entry[0]); i++) {
        if (texts.entry[i].text[0]) {
            wire_put_field_string(w, texts.entry[i].tag, texts.entry[i].text);
        }
    }
    if (exec->command) {
        wire_put_field_string(w, WIRE_REQUIRED | EXEC_COMMAND, exec->command);
    }
    for (uint32_t i = 0; i < exec->argc; i++) {
        wire_put_field_string(w, WIRE_REQUIRED | EXEC_ARG, exec->argv[i]);
    }
    for (uint32_t i = 0; i < exec->envc; i++) {
        wire_put_field_string(w, EXEC_ENV, exec->env[i]);
    }
}

int vsh_put_exec(struct vsh_queue *queue, const struct vsh_exec *exec)
{
    if (!exec_is_valid(exec)) {
        return -EINVAL;
    }

    struct wire_writer w = {.capacity = vsh_exec_size(exec)};
    int rc = vsh_queue_reserve(queue, VSH_V2_EXEC, w.capacity, &w.data);
    if (rc < 0) {
        return rc;
    }
    write_exec(&w, exec);
    vsh_queue_commit(queue, w.failed ? SIZE_MAX : w.length);
    return w.failed ? -EINVAL : 0;
}

static int read_pty(const struct wire_field *field, struct vsh_exec *ret, bool *seen)
{
    struct wire_reader r = {.data = field->data, .length = field->length};

    if (*seen) {
        return VSH_E_MALFORMED;
    }
    *seen = true;
    ret->pty = true;
    ret->size.rows = wire_get_u16(&r);
    ret->size.columns = wire_get_u16(&r);
    ret->size.x_pixels = wire_get_u16(&r);
    ret->size.y_pixels = wire_get_u16(&r);
    return message_end(&r);
}

static int read_item(const struct wire_field *field, const char **items, uint32_t *count,
                     uint32_t max)
{
    if (*count == max || wire_field_string(field, &items[*count]) < 0) {
        return VSH_E_MALFORMED;
    }
    (*count)++;
    return 0;
}

static int read_field(const struct wire_field *field, struct vsh_exec *ret, struct exec_seen *seen)
{
    switch (field->tag & ~WIRE_REQUIRED) {
    case EXEC_PTY:
        return read_pty(field, ret, &seen->pty);
    case EXEC_TERM:
        return message_text_once(field, &seen->term, &ret->term);
    case EXEC_USER:
        return message_text_once(field, &seen->user, &ret->user);
    case EXEC_CWD:
        return message_text_once(field, &seen->cwd, &ret->cwd);
    case EXEC_COMMAND:
        return message_text_once(field, &seen->command, &ret->command);
    case EXEC_ARG:
        return read_item(field, ret->argv, &ret->argc, VSH_EXEC_ARGS_MAX);
    case EXEC_ENV:
        return read_item(field, ret->env, &ret->envc, VSH_EXEC_ENV_MAX);
    default:
        return message_unknown_field(field);
    }
}

int vsh_get_exec(const struct vsh_message *message, struct vsh_exec *ret)
{
    struct wire_reader r = message_reader(message);
    struct wire_field field;
    struct exec_seen seen = {0};
    int rc;

    *ret = (struct vsh_exec){.term = "", .user = "", .cwd = ""};
    while ((rc = wire_get_field(&r, &field)) > 0) {
        rc = read_field(&field, ret, &seen);
        if (rc < 0) {
            return rc;
        }
    }
    if (rc < 0 || !exec_is_valid(ret)) {
        return VSH_E_MALFORMED;
    }
    ret->argv[ret->argc] = NULL;
    ret->env[ret->envc] = NULL;
    return 0;
}
