/* SPDX-License-Identifier: MIT */
/* Prints what vsh_address_list() finds; the first of two entries with one name is the one used. */
#include "list.h"

#include <stdio.h>
#include <unistd.h>

#include <vsock-shell/address.h>
#include <vsock-shell/error.h>
#include <vsock-shell/transport.h>

#include "arguments.h"
#include "common/escape.h"
#include "common/log.h"
#include "report_json.h"
#include "status.h"

#define ANSWER_MS 1000

struct list {
    const struct client_arguments *arguments;
    bool any;
};

static bool answers(const struct vsh_address *address)
{
    const struct vsh_connect_options options = {.timeout_ms = ANSWER_MS, .cancel_fd = -1};
    int fd = -1;

    if (vsh_connect(address, &options, &fd) < 0) {
        return false;
    }
    (void)close(fd);
    return true;
}

static void print_json(const struct vsh_name *name, const char *address, bool up)
{
    json_begin(stdout, "name");
    json_text(stdout, "name", name->name);
    json_text(stdout, "address", address);
    json_text(stdout, "user", name->user);
    json_text(stdout, "source", name->source);
    json_bool(stdout, "answers", up);
    json_end(stdout);
}

/* Names of VMs are other people's text. */
static void print_column(const char *gap, const char *text, int width)
{
    char data[VSH_NAME_MAX * 4];
    struct escape_line line = {.data = data, .size = sizeof(data)};

    escape_text(&line, text[0] != '\0' ? text : "-");
    (void)printf("%s%-*.*s", gap, width, (int)line.length, data);
}

static int print_name(const struct vsh_name *name, void *data)
{
    struct list *list = data;
    struct vsh_address address = name->address;
    char text[VSH_ADDRESS_MAX];

    if (name->state == VSH_NAME_REFUSED) {
        log_warning("%s", name->problem);
    }
    if (name->state != VSH_NAME_USABLE) {
        return 0;
    }
    if (list->arguments->port != 0) {
        address.port = list->arguments->port;
    }
    (void)vsh_address_format(&address, text, sizeof(text));
    bool up = answers(&address);
    if (list->arguments->json) {
        print_json(name, text, up);
    } else {
        print_column("", name->name, 20);
        print_column(" ", text, 24);
        print_column(" ", name->user, 10);
        print_column(" ", up ? "answers" : "silent", 8);
        print_column(" ", name->source, 0);
        (void)puts("");
    }
    list->any = true;
    return 0;
}

int list_run(const struct client_arguments *arguments)
{
    struct list list = {.arguments = arguments};
    int rc = vsh_address_list(print_name, &list);

    if (rc < 0) {
        log_error("cannot list the names: %s", vsh_strerror(rc));
        return CLIENT_STATUS_OWN;
    }
    if (!list.any) {
        log_notice("no names: no VM runs here that gives its name and CID, and no hosts file has "
                   "an entry; a CID as TARGET always works");
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("cannot write standard output");
        return CLIENT_STATUS_OWN;
    }
    return 0;
}
