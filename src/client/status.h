/* SPDX-License-Identifier: MIT */
/* What a remote result is as an exit status of ours. */
#ifndef CLIENT_STATUS_H
#define CLIENT_STATUS_H

struct vsh_exit;

#define CLIENT_STATUS_FAILED    1 /* some files were not copied */
#define CLIENT_STATUS_OWN       255
#define CLIENT_STATUS_SIGNAL(n) (128 + (n))

/* The exit code; 128 + N for signal N, with our own number of a name that we know. */
int status_of_exit(const struct vsh_exit *result);

#endif
