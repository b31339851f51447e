/* SPDX-License-Identifier: MIT */
/* Pieces of the address grammar that resolving needs too. Private to lib/. */
#ifndef LIB_ADDRESS_TEXT_H
#define LIB_ADDRESS_TEXT_H

#include <stdbool.h>

/* Cuts one ".vsock" off the end of text. Returns whether there was one. */
bool address_strip_suffix(char *text);

#endif
