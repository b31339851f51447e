/* SPDX-License-Identifier: MIT */
/*
 * Errors of libvsock-shell.
 *
 * Every call that can fail returns 0 (or a count, or a descriptor) on success and a negative errno
 * value on failure; none sets errno for the caller to read. Three values have a fixed meaning here.
 */
#ifndef VSOCK_SHELL_ERROR_H
#define VSOCK_SHELL_ERROR_H

#include <errno.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The peer sent bytes that no correct peer sends: bad magic, bad field, leftovers, wrong order. */
#define VSH_E_MALFORMED (-EBADMSG)
/* A length is above the limit in force. */
#define VSH_E_TOO_BIG (-EMSGSIZE)
/* The peer has gone: end of stream in the middle of something, or a reset. */
#define VSH_E_GONE (-EPIPE)

/*
 * Says in words what a negative errno value of this library means ("the peer sent a malformed
 * message"). Never NULL; the text is static or thread-local and must not be freed. Does not block.
 */
const char *vsh_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif
