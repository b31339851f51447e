/* SPDX-License-Identifier: MIT */
/*
 * Looks single values up in JSON text that others wrote: no tree is built, nothing is allocated,
 * nesting is bounded. Private to lib/.
 */
#ifndef LIB_RESOLVE_JSON_H
#define LIB_RESOLVE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds the value of a member of the object in text; a path of several names joined by "." goes
 * down into objects. Of two members with one name the first counts. Returns a place in text for the
 * calls below, or NULL: no object, no such member, or malformed before it.
 */
const char *json_find(const char *text, const char *path);

/*
 * Decodes the string at value into UTF-8. Returns 0; -EINVAL: no string, malformed, or with a NUL
 * in it; -ENAMETOOLONG: it does not fit, with its NUL, into size bytes.
 */
int json_string(const char *value, char *buf, size_t size);

/* Reads a whole number from 0 to max, without sign, fraction or exponent. Returns 0 or -EINVAL. */
int json_u32(const char *value, uint32_t max, uint32_t *ret);

bool json_is_true(const char *value);

#endif
