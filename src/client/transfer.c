/* SPDX-License-Identifier: MIT */
/*
 * Copies in protocol version 2: one connection, one request after the other, each carried out by
 * the copy engine of file/. Owns the order and the ends; what people see of it is report.c's.
 */
#include "transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vsock-shell/error.h>

#include "arguments.h"
#include "common/log.h"
#include "copy_engine.h"
#include "end_signals.h"
#include "link.h"
#include "report.h"
#include "status.h"
#include "target.h"

#define END_MS 2000

struct transfer {
    const struct client_arguments *arguments;
    const struct target *target;
    struct loop *loop;
    struct link link;
    struct report report;
    struct copy_engine engine; /* of the current request */
    size_t next;               /* request to begin */
    struct loop_timer end_timer;
    bool closing;
    int result;
};

static void stop(struct transfer *transfer)
{
    loop_stop(transfer->loop, transfer->result);
}

static void on_end_timeout(void *data)
{
    stop(data);
}

/* Sends END; the server's END, its end of the stream or the timer finish the run. */
static void close_session(struct transfer *transfer, int status)
{
    if (transfer->closing) {
        return;
    }
    transfer->closing = true;
    transfer->result = status;
    copy_engine_stop(&transfer->engine);
    (void)link_resume(&transfer->link);
    if (transfer->link.ended || vsh_put_end(transfer->link.queue) < 0) {
        stop(transfer);
        return;
    }
    loop_timer_set(transfer->loop, &transfer->end_timer, END_MS, on_end_timeout, transfer);
}

/* A copy that broke off: what is left of it, and what to do. */
static void say_resumable(struct transfer *transfer)
{
    if (copy_engine_interrupt(&transfer->engine)) {
        log_notice("the part of '%s' that has arrived is kept: the same command with --resume goes "
                   "on from there",
                   transfer->report.name);
    }
}

/* The engine or the queue gave up: the sentence goes to both sides. */
static void fail(struct transfer *transfer, const char *sentence)
{
    report_hide(&transfer->report);
    log_error("%s", sentence);
    if (!transfer->link.ended) {
        (void)vsh_put_error(transfer->link.queue, VSH_ERROR_PROTOCOL, sentence);
        link_update(&transfer->link);
    }
    transfer->closing = true;
    transfer->result = CLIENT_STATUS_OWN;
    stop(transfer);
}

static void begin_next(struct transfer *transfer)
{
    const struct client_arguments *arguments = transfer->arguments;

    if (transfer->next == arguments->copy_count) {
        report_summary(&transfer->report);
        close_session(transfer, transfer->report.totals.failed > 0 ? CLIENT_STATUS_FAILED : 0);
        return;
    }
    const struct copy_request *request = &arguments->copies[transfer->next++];
    report_request(&transfer->report, request);
    int rc =
        copy_engine_begin(&transfer->engine, arguments, request, report_events(&transfer->report));
    if (rc < 0) {
        log_error("cannot ask for '%s': %s", request->source, vsh_strerror(rc));
        close_session(transfer, CLIENT_STATUS_OWN);
    }
}

/* One turn of the engine; on to the next request when it is done. False when that was the end. */
static bool turn(struct transfer *transfer)
{
    /* A request that has just begun has its first step at once: nothing else would wake it. */
    while (!transfer->closing) {
        int rc = copy_engine_step(&transfer->engine);
        if (rc < 0) {
            fail(transfer, copy_engine_error(&transfer->engine, rc));
            return false;
        }
        if (!copy_engine_finished(&transfer->engine)) {
            return true;
        }
        report_totals(&transfer->report, copy_engine_totals(&transfer->engine));
        copy_engine_done(&transfer->engine);
        begin_next(transfer);
    }
    return false;
}

static void step(void *data)
{
    struct transfer *transfer = data;

    /* Again when messages had to wait for the engine: they may be its last. */
    while (!transfer->closing && turn(transfer) && link_resume(&transfer->link)) {
        continue;
    }
    link_update(&transfer->link);
}

static void on_ready(void *session)
{
    struct transfer *transfer = session;

    begin_next(transfer);
    step(transfer);
}

static int on_message(void *session, const struct vsh_message *message)
{
    struct transfer *transfer = session;

    if (message->type == VSH_V2_END) {
        if (transfer->closing) {
            stop(transfer);
            return 0;
        }
        return VSH_E_MALFORMED;
    }
    if (transfer->closing) {
        return 0; /* what was under way when we gave up */
    }
    if (message->type < VSH_V2_FILE_FIRST || message->type > VSH_V2_FILE_LAST) {
        return VSH_E_MALFORMED;
    }
    int rc = copy_engine_handle(&transfer->engine, message);
    if (rc < 0) {
        fail(transfer, copy_engine_error(&transfer->engine, rc));
    }
    return 0;
}

static bool on_may_take(void *session)
{
    struct transfer *transfer = session;

    return transfer->closing || copy_engine_ready(&transfer->engine);
}

static void on_link_ended(void *session, int error)
{
    struct transfer *transfer = session;

    if (!transfer->closing) {
        report_hide(&transfer->report);
        log_error("connection to %s lost: %s", transfer->target->text, link_explain(error));
        say_resumable(transfer);
        transfer->closing = true;
        transfer->result = CLIENT_STATUS_OWN;
    }
    stop(transfer);
}

static void on_refused(void *session, const struct vsh_error_message *error)
{
    struct transfer *transfer = session;

    report_hide(&transfer->report);
    log_error("%s: %s", transfer->target->text, error->text);
    transfer->closing = true;
    transfer->result = CLIENT_STATUS_OWN;
    stop(transfer);
}

static const struct link_ops link_ops = {
    .ready = on_ready,
    .message = on_message,
    .may_take = on_may_take,
    .moved = step,
    .ended = on_link_ended,
    .refused = on_refused,
};

static void on_signal(int signo, void *data)
{
    struct transfer *transfer = data;

    report_hide(&transfer->report);
    if (transfer->closing || !transfer->link.heard_hello) {
        loop_stop(transfer->loop, CLIENT_STATUS_SIGNAL(signo));
        return;
    }
    log_notice("interrupted by signal %d (%s)", signo, vsh_signal_name(signo));
    say_resumable(transfer);
    close_session(transfer, CLIENT_STATUS_SIGNAL(signo));
    link_update(&transfer->link);
}

static int run_v2(struct transfer *transfer)
{
    struct link_options options = {
        .loop = transfer->loop,
        .fd = -1,
        .name = transfer->target->text,
        .protocol = 2,
        .may_fall_back = transfer->arguments->protocol == 0,
        .answer_ms = transfer->arguments->timeout_ms,
        .ops = &link_ops,
        .session = transfer,
    };

    if (target_connect(transfer->target, transfer->arguments, &options.fd) < 0) {
        return CLIENT_STATUS_OWN;
    }
    int rc = link_open(&transfer->link, &options);
    if (rc == 0) {
        copy_engine_init(&transfer->engine, transfer->loop, transfer->link.queue, step, transfer,
                         transfer->target->user);
        end_signals_watch(transfer->loop, on_signal, transfer);
        link_update(&transfer->link);
        rc = loop_run(transfer->loop);
    }
    if (rc < 0) {
        log_error("cannot start to copy: %s", vsh_strerror(rc));
        rc = CLIENT_STATUS_OWN;
    }
    copy_engine_done(&transfer->engine);
    loop_timer_clear(transfer->loop, &transfer->end_timer);
    link_close(&transfer->link);
    report_hide(&transfer->report);
    /* Last: a signal that has come too late for the loop ends us here. */
    end_signals_unwatch(transfer->loop);
    return rc;
}

int transfer_run(const struct client_arguments *arguments, const struct target *target,
                 struct loop *loop)
{
    struct transfer transfer = {
        .arguments = arguments, .target = target, .loop = loop, .link = {.options = {.fd = -1}}};
    int status = LINK_SPEAK_V1;

    if (report_open(&transfer.report, arguments, loop) < 0) {
        log_error("out of memory");
        return CLIENT_STATUS_OWN;
    }
    if (arguments->protocol != 1) {
        status = run_v2(&transfer);
    }
    if (status == LINK_SPEAK_V1) {
        status = transfer_run_v1(arguments, target, loop, &transfer.report);
    }
    report_close(&transfer.report);
    return status;
}
