/* SPDX-License-Identifier: MIT */
/* Negative errno values in words: ours for those with a fixed meaning here, else the C library's.
 */
#include <vsock-shell/error.h>

#include <string.h>

static const struct {
    int error;
    const char *text;
} texts[] = {
    {0, "success"},
    {VSH_E_MALFORMED, "the peer sent a malformed message"},
    {VSH_E_TOO_BIG, "a message is longer than the limit"},
    {VSH_E_GONE, "the peer has gone"},
    {-ECONNRESET, "the peer reset the connection"},
    {-ECANCELED, "given up on request"},
    {-ETIMEDOUT, "no answer in time"},
};

const char *vsh_strerror(int error)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].error == error) {
            return texts[i].text;
        }
    }
    return strerror(error < 0 ? -error : error);
}
