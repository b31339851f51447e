/* SPDX-License-Identifier: MIT */
/* Lines of authorized_keys: any bytes as a file, and each option's text as a list for its matcher.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/ssh/authorized_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_line(const char *text, size_t length)
{
    struct authorized_key key;
    char error[64];
    if (authorized_key_parse(text, length, &key, error, sizeof(error)) != 1) {
        return;
    }
    if (strlen(key.type) == 0 || strlen(key.blob) == 0) {
        abort();
    }
    if (key.options.from != NULL) {
        (void)authorized_from_matches(key.options.from, "vsock:2:1023");
        (void)authorized_from_matches(key.options.from, "unix:uid=1000:pid=1");
    }
    (void)authorized_forward_permitted(&key.options.permit_open, "host", 22);
    (void)authorized_forward_permitted(&key.options.permit_listen, "::", 0);
    authorized_key_done(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct authorized_question question = {
        .type = "ssh-ed25519", .blob = "AAAA", .peer = "vsock:2:1023", .now = 1700000000};
    struct authorized_key key;
    char notes[64];
    const char *text = (const char *)data;
    if (authorized_keys_find(text, size, &question, &key, notes, sizeof(notes)) == 1) {
        if (strcmp(key.blob, question.blob) != 0) {
            abort();
        }
        authorized_key_done(&key);
    }
    try_line(text, size);
    return 0;
}
