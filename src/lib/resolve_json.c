/* SPDX-License-Identifier: MIT */
/*
 * A reader that walks over JSON to one member. What is skipped is checked as far as strings and
 * brackets go: the text belongs to a hypervisor, and only the member that is wanted matters.
 */
#include "lib/resolve_json.h"

#include <errno.h>
#include <string.h>

#include <vsock-shell/address.h>

#define DEPTH_MAX 32
#define KEY_MAX   64

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* The four digits of a \u escape; returns -1 when they are not there. */
static int32_t read_unit(const char *at)
{
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t put_utf8(uint32_t c, char bytes[4])
{
    static const struct {
        uint32_t limit;
        unsigned char lead;
    } forms[] = {{0x80, 0}, {0x800, 0xc0}, {0x10000, 0xe0}, {0x110000, 0xf0}};
    size_t extra = 0;
    while (c >= forms[extra].limit) {
        extra++;
    }
    for (size_t i = extra; i > 0; i--) {
        bytes[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    bytes[0] = (char)(forms[extra].lead | c);
    return extra + 1;
}

/*
 * Reads the escape behind a backslash at *at and moves on. Returns the number of bytes put, or
 * -EINVAL: none of JSON's, half a surrogate pair, or a NUL.
 */
static int read_escape(const char **at, char bytes[4])
{
    static const char simple[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = **at;
    if (c != 'u') {
        for (size_t i = 0; i + 1 < sizeof(simple); i += 2) {
            if (simple[i] == c) {
                bytes[0] = simple[i + 1];
                *at += 1;
                return 1;
            }
        }
        return -EINVAL;
    }
    int32_t unit = read_unit(*at + 1);
    *at += 5;
    if (unit >= 0xd800 && unit < 0xdc00) {
        int32_t low = (*at)[0] == '\\' && (*at)[1] == 'u' ? read_unit(*at + 2) : -1;
        if (low < 0xdc00 || low > 0xdfff) {
            return -EINVAL;
        }
        *at += 6;
        return (int)put_utf8(0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00),
                             bytes);
    }
    if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
        return -EINVAL;
    }
    return (int)put_utf8((uint32_t)unit, bytes);
}

/*
 * Reads the string at at; buf may be NULL. *ret_length is what it would need. Returns the place
 * behind it, or NULL when it is no whole string.
 */
static const char *read_string(const char *at, char *buf, size_t size, size_t *ret_length)
{
    size_t length = 0;
    if (*at++ != '"') {
        return NULL;
    }
    while (*at != '"') {
        char bytes[4];
        int count = 1;
        if ((unsigned char)*at < 0x20) {
            return NULL; /* the end of the text, too */
        }
        bytes[0] = *at++;
        if (bytes[0] == '\\') {
            count = read_escape(&at, bytes);
        }
        if (count < 0) {
            return NULL;
        }
        if (buf != NULL && length + (size_t)count < size) {
            memcpy(buf + length, bytes, (size_t)count);
        }
        length += (size_t)count;
    }
    if (buf != NULL && length < size) {
        buf[length] = '\0';
    }
    *ret_length = length;
    return at + 1;
}

static const char *skip_value(const char *at, unsigned depth);

/* The members of an object or array up to its closing bracket. */
static const char *skip_nested(const char *at, unsigned depth)
{
    const char close = *at == '{' ? '}' : ']';
    at = skip_blanks(at + 1);
    while (*at != close) {
        at = skip_value(at, depth + 1);
        if (at == NULL) {
            return NULL;
        }
        at = skip_blanks(at);
        if (*at == ',' || *at == ':') {
            at = skip_blanks(at + 1);
        } else if (*at != close) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *skip_value(const char *at, unsigned depth)
{
    size_t length;
    if (*at == '"') {
        return read_string(at, NULL, 0, &length);
    }
    if (*at == '{' || *at == '[') {
        return depth < DEPTH_MAX ? skip_nested(at, depth) : NULL;
    }
    length = strcspn(at, ",:]}\"{[ \t\r\n");
    return length > 0 ? at + length : NULL;
}

/* The value of one member of the object at at. */
static const char *find_member(const char *at, const char *name, size_t name_length)
{
    at = skip_blanks(at);
    if (*at++ != '{') {
        return NULL;
    }
    for (;;) {
        char key[KEY_MAX];
        size_t length;
        at = read_string(skip_blanks(at), key, sizeof(key), &length);
        if (at == NULL) {
            return NULL;
        }
        at = skip_blanks(at);
        if (*at++ != ':') {
            return NULL;
        }
        at = skip_blanks(at);
        if (length == name_length && length < sizeof(key) && memcmp(key, name, length) == 0) {
            return at;
        }
        at = skip_value(at, 0);
        if (at == NULL) {
            return NULL;
        }
        at = skip_blanks(at);
        if (*at++ != ',') {
            return NULL;
        }
    }
}

const char *json_find(const char *text, const char *path)
{
    while (text != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        text = find_member(text, path, length);
        path += length;
        path += *path == '.' ? 1 : 0;
    }
    return text;
}

int json_string(const char *value, char *buf, size_t size)
{
    size_t length;
    if (read_string(value, buf, size, &length) == NULL) {
        return -EINVAL;
    }
    return length < size ? 0 : -ENAMETOOLONG;
}

int json_u32(const char *value, uint32_t max, uint32_t *ret)
{
    char digits[11];
    size_t length = strspn(value, "0123456789");
    if (length == 0 || length >= sizeof(digits) || strchr(",]} \t\r\n", value[length]) == NULL) {
        return -EINVAL;
    }
    memcpy(digits, value, length);
    digits[length] = '\0';
    return vsh_parse_u32(digits, max, ret);
}

bool json_is_true(const char *value)
{
    return strncmp(value, "true", 4) == 0 && strchr(",]} \t\r\n", value[4]) != NULL;
}
