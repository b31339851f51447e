/* SPDX-License-Identifier: MIT */
/* A whole command in one call, made of the calls that a program could make itself. */
#include <vsock-shell/client.h>

#include <stdlib.h>
#include <string.h>

#include "lib/client_state.h"

struct collector {
    char *bytes;
    size_t length;
    size_t capacity;
};

struct run {
    struct vsh_client *client;
    const struct vsh_client_input *input;
    size_t input_done;
    bool exited;
    struct collector output[VSH_STREAMS]; /* stdin's stays empty */
    struct vsh_client_result *result;
};

/* Keeps what fits output_max and a NUL behind it. */
static int collect(struct run *run, const struct vsh_data *data)
{
    struct collector *to = &run->output[data->stream];
    size_t room = run->input->output_max - to->length;
    size_t length = data->length < room ? data->length : room;

    if (to->length + length + 1 > to->capacity) {
        size_t capacity = (to->length + length + 1) * 2;
        char *bytes = realloc(to->bytes, capacity);
        if (!bytes) {
            return -ENOMEM;
        }
        to->bytes = bytes;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->length, data->bytes, length);
    to->length += length;
    to->bytes[to->length] = '\0';
    return 0;
}

/* Writes input as far as it goes, and its end behind it. */
static int feed(struct run *run)
{
    const struct vsh_client_input *input = run->input;

    while (run->input_done < input->length) {
        ssize_t count = vsh_client_write(run->client, (const char *)input->bytes + run->input_done,
                                         input->length - run->input_done);
        if (count < 0) {
            return count == -EAGAIN || count == VSH_E_GONE ? 0 : (int)count;
        }
        run->input_done += (size_t)count;
    }

    int rc = vsh_client_close_stdin(run->client);
    return rc == -EINVAL || rc == -EAGAIN || rc == VSH_E_GONE ? 0 : rc;
}

static int take_event(struct run *run, const struct vsh_client_event *event)
{
    switch (event->type) {
    case VSH_CLIENT_OUTPUT:
        return collect(run, &event->data);
    case VSH_CLIENT_EXITED:
        run->exited = true;
        run->result->signalled = event->status.signalled;
        run->result->code = event->status.code;
        return 0;
    case VSH_CLIENT_REFUSED:
        run->result->refusal = strdup(event->error.text);
        return run->result->refusal ? -EACCES : -ENOMEM;
    case VSH_CLIENT_STARTED:
    case VSH_CLIENT_EOF:
    case VSH_CLIENT_WRITABLE:
    case VSH_CLIENT_CLOSED:
        break;
    }
    return run->exited ? 0 : feed(run);
}

/* So that a stream that says nothing is an empty text and not NULL. */
static int collect_nothing(struct run *run)
{
    static const struct vsh_data nothing[] = {
        {.stream = VSH_STREAM_STDOUT, .bytes = (const uint8_t *)""},
        {.stream = VSH_STREAM_STDERR, .bytes = (const uint8_t *)""},
    };
    int rc = collect(run, &nothing[0]);

    return rc < 0 ? rc : collect(run, &nothing[1]);
}

static int run_to_the_end(struct run *run, const struct vsh_exec *exec)
{
    struct vsh_client_event event;
    int rc = collect_nothing(run);

    if (rc == 0) {
        rc = vsh_client_exec(run->client, exec);
    }
    if (rc == 0) {
        rc = feed(run);
    }
    while (rc == 0) {
        rc = vsh_client_next(run->client, &event, -1);
        if (rc == 0) {
            return run->exited ? 0 : VSH_E_GONE;
        }
        rc = rc < 0 ? rc : take_event(run, &event);
    }
    return rc;
}

int vsh_client_run(struct vsh_client *client, const struct vsh_exec *exec,
                   const struct vsh_client_input *input, struct vsh_client_result *ret)
{
    struct run run = {.client = client, .input = input, .result = ret};

    *ret = (struct vsh_client_result){0};

    int rc = run_to_the_end(&run, exec);
    ret->stdout_bytes = run.output[VSH_STREAM_STDOUT].bytes;
    ret->stdout_length = run.output[VSH_STREAM_STDOUT].length;
    ret->stderr_bytes = run.output[VSH_STREAM_STDERR].bytes;
    ret->stderr_length = run.output[VSH_STREAM_STDERR].length;
    return rc;
}

void vsh_client_result_done(struct vsh_client_result *result)
{
    free(result->stdout_bytes);
    free(result->stderr_bytes);
    free(result->refusal);
    *result = (struct vsh_client_result){0};
}
