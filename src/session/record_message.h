/* SPDX-License-Identifier: MIT */
/*
 * What a session says to the recorder of its connection: one message a packet of a SOCK_SEQPACKET
 * pair, u32 type, u32 number of the recording, then
 *
 *   START   u16 columns, u16 rows, fields: SHELL, TERM, and the command unless it is a login shell
 *   OUTPUT  1 to RECORD_OUTPUT_MAX bytes of the terminal
 *   RESIZE  u16 columns, u16 rows
 *   END     nothing; the end of the stream ends all recordings
 *
 * The recorder answers START with a u32: 0, or the errno for which there is no recording. It says
 * such an errno unasked before it gives up.
 */
#ifndef SESSION_RECORD_MESSAGE_H
#define SESSION_RECORD_MESSAGE_H

enum record_message { RECORD_START = 1, RECORD_OUTPUT, RECORD_RESIZE, RECORD_END };
enum record_field { RECORD_FIELD_SHELL = 1, RECORD_FIELD_TERM, RECORD_FIELD_COMMAND };

#define RECORD_OUTPUT_MAX   32768u
#define RECORD_PREFIX       8u
#define RECORD_MESSAGE_MAX  (RECORD_PREFIX + RECORD_OUTPUT_MAX)
#define RECORD_ANSWER       4u
#define RECORD_COMMAND_MAX  4096u /* with the NUL; what is longer is cut */
#define RECORD_VARIABLE_MAX 256u
#define RECORDINGS_MAX      64u /* at once on a connection: an SSH connection's channels */

#endif
