/* SPDX-License-Identifier: MIT */
/*
 * A program that uses the installed library and nothing else of this tree:
 *
 *   library_example ADDRESS run COMMAND      stdin to it, its output to ours, its status is ours
 *   library_example ADDRESS events COMMAND   one line per event; ends the command with TERM when it
 *                                            has said something
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/address.h>
#include <vsock-shell/client.h>
#include <vsock-shell/error.h>

#define INPUT_MAX (8u << 20)

static int explain(const char *what, int rc)
{
    fprintf(stderr, "%s: %s\n", what, vsh_strerror(rc));
    return 255;
}

static int run(struct vsh_client *client, const struct vsh_exec *exec)
{
    static char bytes[INPUT_MAX];
    struct vsh_client_input input = {
        .bytes = bytes, .length = fread(bytes, 1, sizeof(bytes), stdin), .output_max = INPUT_MAX};
    struct vsh_client_result result;
    int rc = vsh_client_run(client, exec, &input, &result);
    int status = result.signalled ? 128 + (int)result.code : (int)result.code;

    if (rc < 0) {
        status = explain(result.refusal ? result.refusal : "run", rc);
    } else {
        fwrite(result.stdout_bytes, 1, result.stdout_length, stdout);
        fwrite(result.stderr_bytes, 1, result.stderr_length, stderr);
    }
    vsh_client_result_done(&result);
    return status;
}

static void print_event(struct vsh_client *client, const struct vsh_client_event *event)
{
    switch (event->type) {
    case VSH_CLIENT_STARTED:
        printf("started\n");
        break;
    case VSH_CLIENT_OUTPUT:
        printf("output %d %.*s", (int)event->data.stream, (int)event->data.length,
               (const char *)event->data.bytes);
        (void)vsh_client_signal(client, "TERM");
        break;
    case VSH_CLIENT_EXITED:
        printf("exited %s %u\n", event->status.signal, event->status.code);
        break;
    case VSH_CLIENT_REFUSED:
        printf("refused %u %s\n", event->error.code, event->error.text);
        break;
    default:
        break;
    }
}

static int show_events(struct vsh_client *client, const struct vsh_exec *exec)
{
    struct vsh_client_event event;
    int rc = vsh_client_exec(client, exec);

    while (rc == 0 && (rc = vsh_client_next(client, &event, 30000)) == 1) {
        print_event(client, &event);
        rc = 0;
        if (event.type == VSH_CLIENT_EXITED) {
            break;
        }
    }
    if (rc == 0) {
        rc = vsh_client_next(client, &event, 30000);
    }
    printf("over %d\n", rc);
    return rc < 0 ? explain("session", rc) : 0;
}

int main(int argc, char **argv)
{
    struct vsh_address address;
    struct vsh_client *client = NULL;
    char text[512];

    if (argc != 4) {
        return 2;
    }
    int rc = vsh_address_resolve(argv[1], &address, NULL, text, sizeof(text));
    if (rc < 0) {
        fprintf(stderr, "%s\n", text);
        return 255;
    }
    rc = vsh_client_open(&address, NULL, &client);
    if (rc < 0) {
        fprintf(stderr, "%s\n", vsh_connect_explain(&address, rc, text, sizeof(text)));
        return 255;
    }

    const struct vsh_exec exec = {.command = argv[3]};
    rc = strcmp(argv[2], "run") == 0 ? run(client, &exec) : show_events(client, &exec);
    vsh_client_close(client);
    return rc;
}
