/* SPDX-License-Identifier: MIT */
/*
 * One copy request as the connection's loop sees it: a sender or a receiver of file/ behind the
 * same calls, with its descriptors and delays watched.
 *
 * copy_engine_init() once; per request copy_engine_begin(), then handle and step until finished,
 * copy_engine_done(). The step function is called from the loop whenever the engine wants a turn.
 */
#ifndef CLIENT_COPY_ENGINE_H
#define CLIENT_COPY_ENGINE_H

#include "common/loop.h"
#include "file/events.h"

struct client_arguments;
struct copy_request;
struct file_receiver;
struct file_sender;

struct copy_engine {
    struct loop *loop;
    struct vsh_queue *queue;
    loop_timer_fn *step;
    void *data;
    const char *user; /* whose rights the copy has at the server; "" = the session's own */
    struct loop_timer timer;
    struct file_sender *sender;     /* of an upload */
    struct file_receiver *receiver; /* of a download */
    int own_fd;                     /* standard output opened again, -1 = none */
    int watched_fd;                 /* -1 = none */
};

void copy_engine_init(struct copy_engine *engine, struct loop *loop, struct vsh_queue *queue,
                      loop_timer_fn *step, void *data, const char *user);

/* Queues the request and makes its engine. Returns 0 or a negative errno. */
int copy_engine_begin(struct copy_engine *engine, const struct client_arguments *arguments,
                      const struct copy_request *request, struct file_events events);

/* As the calls of file_sender and file_receiver. */
bool copy_engine_ready(const struct copy_engine *engine);
int copy_engine_handle(struct copy_engine *engine, const struct vsh_message *message);
int copy_engine_step(struct copy_engine *engine);
bool copy_engine_finished(const struct copy_engine *engine);
const struct vsh_file_totals *copy_engine_totals(const struct copy_engine *engine);
const char *copy_engine_error(const struct copy_engine *engine, int error);

/* The copy is cut: keeps what --resume can use. True when there is something. */
bool copy_engine_interrupt(struct copy_engine *engine);

/* No more turns; the engine itself lives until done, which takes one that never began, too. */
void copy_engine_stop(struct copy_engine *engine);
void copy_engine_done(struct copy_engine *engine);

#endif
