/* SPDX-License-Identifier: MIT */
/*
 * Copies in protocol version 1: a connection per file, names without blanks, contents only. Owns
 * what the names mean on this side and the order of the copies.
 */
#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "common/log.h"
#include "copy_v1.h"
#include "end_signals.h"
#include "file/path.h"
#include "file/reason.h"
#include "status.h"
#include "target.h"

/* Why a name cannot be told in v1, where a blank separates the two names. */
static const char name_text[] = "protocol version 1 cannot carry a name that is empty or has a "
                                "blank in it";

/* folder is what the name would go into, or the name itself: cp's rule, without asking there. */
static void join_remote(const char *folder, const char *name, char *to, size_t size)
{
    size_t length = strlen(folder);

    if (strcmp(folder, ".") == 0) {
        (void)snprintf(to, size, "%s", name);
    } else {
        (void)snprintf(to, size, "%s%s", folder, folder[length - 1] == '/' ? name : "");
    }
}

/* Opens the local side and queues the request. Returns 0, or says why not and -1. */
static int ask(struct v1_copy *copy)
{
    const struct copy_request *request = copy->request;
    char destination[VSH_V1_PAYLOAD_MAX];
    char name[VSH_FILE_NAME_MAX + 1];
    int rc = v1_local_open(copy);

    if (rc == 0) {
        rc = file_base_name(request->source, name);
    }
    if (rc < 0) {
        v1_copy_problem(copy, false, request->upload ? VSH_FILE_CODE_SOURCE : VSH_FILE_CODE_TARGET,
                        file_reason(rc));
        return -1;
    }
    if (request->upload) {
        join_remote(request->destination, name, destination, sizeof(destination));
        rc = vsh_put_pair(copy->link.queue, VSH_V1_FILE_UPLOAD_START, request->source, destination);
    } else {
        rc = vsh_put_pair(copy->link.queue, VSH_V1_FILE_DOWNLOAD_START, request->source,
                          request->destination);
    }
    if (rc < 0) {
        v1_copy_problem(copy, false, VSH_FILE_CODE_SOURCE,
                        rc == -EINVAL ? name_text : vsh_strerror(rc));
        return -1;
    }
    return 0;
}

static int run_copy(struct v1_copy *copy)
{
    struct link_options options = {.loop = copy->loop,
                                   .fd = -1,
                                   .name = copy->target->text,
                                   .protocol = 1,
                                   .ops = &v1_copy_link_ops,
                                   .session = copy};
    int rc = CLIENT_STATUS_OWN;

    if (target_connect(copy->target, copy->arguments, &options.fd) < 0) {
        return rc;
    }
    if (link_open(&copy->link, &options) < 0) {
        log_error("out of memory");
        return rc;
    }
    rc = 0;
    end_signals_watch(copy->loop, v1_copy_on_signal, copy);
    report_request(copy->report, copy->request);
    if (ask(copy) == 0) {
        link_update(&copy->link);
        rc = loop_run(copy->loop);
    }
    loop_timer_clear(copy->loop, &copy->end_timer);
    link_close(&copy->link);
    v1_local_close(copy);
    report_totals(copy->report, &copy->totals);
    report_hide(copy->report);
    /* Last: a signal that has come too late for the loop ends us here, with nothing left behind. */
    end_signals_unwatch(copy->loop);
    return rc < 0 ? CLIENT_STATUS_OWN : rc;
}

static bool check_arguments(const struct client_arguments *arguments, const struct target *target)
{
    const struct option_use missing[] = {
        {arguments->recursive, "-r"},
        {arguments->resume, "--resume"},
        {arguments->dry_run, "--dry-run"},
        {arguments->limit > 0, "--limit"},
        {arguments->exclude_count > 0, "--exclude"},
    };

    const char *used = first_in_use(missing, sizeof(missing) / sizeof(missing[0]));
    if (used) {
        log_error("%s speaks protocol version 1, which cannot do %s; copy single files, or "
                  "update the server",
                  target->text, used);
    }
    return !used;
}

int transfer_run_v1(const struct client_arguments *arguments, const struct target *target,
                    struct loop *loop, struct report *report)
{
    int status = 0;

    if (!check_arguments(arguments, target)) {
        return CLIENT_STATUS_OWN;
    }
    for (size_t i = 0; i < arguments->copy_count && status == 0; i++) {
        struct v1_copy copy = {
            .arguments = arguments,
            .target = target,
            .loop = loop,
            .request = &arguments->copies[i],
            .report = report,
            .events = report_events(report),
            .link = {.options = {.fd = -1}},
            .item = {.kind = VSH_FILE_REGULAR, .path = arguments->copies[i].source},
            .stage = FILE_STAGE_INIT,
            .fd = -1,
        };
        status = run_copy(&copy);
    }
    report_summary(report);
    return status == 0 && report->totals.failed > 0 ? CLIENT_STATUS_FAILED : status;
}
