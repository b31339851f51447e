/* SPDX-License-Identifier: MIT */
/* What process_spawn() does for a session that is to be recorded; for process.c only. */
#ifndef SESSION_PROCESS_RECORD_H
#define SESSION_PROCESS_RECORD_H

struct process_spec;
struct record;

/*
 * Starts the recording of a process on a terminal, before there is one. 0 and *ret (NULL when it
 * is not recorded), or a negative errno.
 */
int process_record_start(const struct process_spec *spec, struct record **ret);

#endif
