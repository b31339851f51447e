/* SPDX-License-Identifier: MIT */
/*
 * Every message decoder: the first byte chooses it, the rest is the payload. What a decoder accepts
 * must encode again, and the encoding must be accepted, too.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vsock-shell/message.h>

static volatile size_t sink;

/* Touches every byte of a text, so that the sanitizer sees where it ends. */
static void touch(const char *text)
{
    sink += strlen(text);
}

/* One queue for all runs, emptied into /dev/null after each: its buffers are dear under ASan. */
static struct vsh_queue *the_queue(void)
{
    static struct vsh_queue *queue;

    if (!queue && (vsh_queue_new(-1, open("/dev/null", O_WRONLY | O_CLOEXEC), &queue) < 0 ||
                   vsh_queue_set_limits(queue, VSH_V2_PAYLOAD_MAX, VSH_V2_PAYLOAD_MAX) < 0)) {
        abort();
    }
    return queue;
}

static void must_encode(struct vsh_queue *queue, int rc)
{
    if (rc != 0 || vsh_queue_pending(queue) < VSH_HEADER_SIZE) {
        abort();
    }
}

static void fuzz_hello(const struct vsh_message *message, struct vsh_queue *queue)
{
    struct vsh_hello hello;

    if (vsh_get_hello(message, &hello) == 0) {
        touch(hello.software);
        must_encode(queue, vsh_put_hello(queue, &hello));
    }
}

static void fuzz_exec(const struct vsh_message *message, struct vsh_queue *queue)
{
    static struct vsh_exec exec;

    if (vsh_get_exec(message, &exec) < 0) {
        return;
    }
    for (uint32_t i = 0; i < exec.argc; i++) {
        touch(exec.argv[i]);
    }
    for (uint32_t i = 0; i < exec.envc; i++) {
        touch(exec.env[i]);
    }
    if (exec.argv[exec.argc] || exec.env[exec.envc] || (exec.command && exec.argc > 0)) {
        abort();
    }
    must_encode(queue, vsh_put_exec(queue, &exec));
    if (vsh_queue_pending(queue) != VSH_HEADER_SIZE + vsh_exec_size(&exec)) {
        abort();
    }
}

static void fuzz_started(const struct vsh_message *message, struct vsh_queue *queue)
{
    uint32_t pid;

    if (vsh_get_started(message, &pid) == 0) {
        must_encode(queue, vsh_put_started(queue, pid));
    }
}

static void fuzz_data(const struct vsh_message *message, struct vsh_queue *queue)
{
    struct vsh_data data;

    if (vsh_get_data(message, &data) == 0) {
        must_encode(queue, vsh_put_data(queue, data.stream, data.bytes, data.length));
    }
}

static void fuzz_stream(const struct vsh_message *message, struct vsh_queue *queue)
{
    enum vsh_stream stream;

    if (vsh_get_stream(message, &stream) == 0) {
        must_encode(queue, vsh_put_stream(queue, VSH_V2_EOF, stream));
    }
}

static void fuzz_window(const struct vsh_message *message, struct vsh_queue *queue)
{
    struct vsh_window window;

    if (vsh_get_window(message, &window) == 0) {
        must_encode(queue, vsh_put_window(queue, window.stream, window.credit));
    }
}

static void fuzz_winsize(const struct vsh_message *message, struct vsh_queue *queue)
{
    struct vsh_winsize size;

    if (vsh_get_winsize(message, &size) == 0) {
        must_encode(queue, vsh_put_winsize(queue, VSH_V2_RESIZE, &size));
    }
}

static void fuzz_signal(const struct vsh_message *message, struct vsh_queue *queue)
{
    const char *name;

    if (vsh_get_signal(message, &name) == 0) {
        touch(name);
        if (vsh_signal_number(name) > 0) {
            must_encode(queue, vsh_put_signal(queue, name));
        }
    }
}

static void fuzz_exit(const struct vsh_message *message, struct vsh_queue *queue)
{
    struct vsh_exit status;

    if (vsh_get_exit(message, &status) == 0) {
        touch(status.signal);
        must_encode(queue, vsh_put_exit(queue, &status));
    }
}

static void fuzz_error(const struct vsh_message *message, struct vsh_queue *queue)
{
    struct vsh_error_message error;

    if (vsh_get_error(message, &error) == 0) {
        touch(error.text);
        must_encode(queue, vsh_put_error(queue, error.code, error.text));
    }
}

static void fuzz_ping(const struct vsh_message *message, struct vsh_queue *queue)
{
    uint64_t token;

    if (vsh_get_ping(message, &token) == 0) {
        must_encode(queue, vsh_put_ping(queue, VSH_V2_PONG, token));
    }
}

static void fuzz_text(const struct vsh_message *message, struct vsh_queue *queue)
{
    const char *text;

    if (vsh_get_text(message, &text) == 0) {
        touch(text);
        must_encode(queue, vsh_put_text(queue, VSH_V1_OPEN_CMD, text));
    }
}

static void fuzz_pair(const struct vsh_message *message, struct vsh_queue *queue)
{
    char source[VSH_V1_PAYLOAD_MAX];
    char destination[VSH_V1_PAYLOAD_MAX];

    if (vsh_get_pair(message, source, destination) == 0) {
        must_encode(queue, vsh_put_pair(queue, VSH_V1_FILE_UPLOAD_START, source, destination));
    }
}

typedef void fuzz_fn(const struct vsh_message *message, struct vsh_queue *queue);

static fuzz_fn *const decoders[] = {
    fuzz_hello,  fuzz_exec, fuzz_started, fuzz_data, fuzz_stream, fuzz_window, fuzz_winsize,
    fuzz_signal, fuzz_exit, fuzz_error,   fuzz_ping, fuzz_text,   fuzz_pair,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > VSH_V2_PAYLOAD_DEFAULT) {
        return 0;
    }

    struct vsh_queue *queue = the_queue();
    struct vsh_message message = {.length = (uint32_t)(size - 1), .payload = data + 1};
    decoders[data[0] % (sizeof(decoders) / sizeof(decoders[0]))](&message, queue);
    if (vsh_queue_flush(queue) != 0) {
        abort();
    }
    return 0;
}
