/* SPDX-License-Identifier: MIT */
/*
 * Text to address and back. Strict: whatever is not wholly one of the forms in the header is an
 * error that quotes the text. Looking names up is resolve.c's.
 */
#include <vsock-shell/address.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <vsock-shell/error.h>

#include "lib/address_text.h"

#define PORT_ANY 0xffffffffu /* VMADDR_PORT_ANY: "give me one", never somebody's port */
#define FORMS    "write a CID (3), vsock:3:5000, unix:/path, mux:/path or a name"

struct parse {
    const char *text; /* the whole, for messages */
    const char *rest; /* behind the separator */
    char separator;   /* ':', '/' or '%' */
    enum vsh_address_use use;
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct parse *parse,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(parse->error, parse->error_size, format, args);
    va_end(args);
    return -EINVAL;
}

int vsh_parse_u32(const char *text, uint32_t max, uint32_t *ret)
{
    uint64_t value = 0;
    if (*text == '\0') {
        return -EINVAL;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') {
            return -EINVAL;
        }
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > max) {
            return -EINVAL;
        }
    }
    *ret = (uint32_t)value;
    return 0;
}

bool address_strip_suffix(char *text)
{
    static const char suffix[] = ".vsock";
    size_t length = strlen(text);
    if (length < sizeof(suffix) - 1 || strcmp(text + length - (sizeof(suffix) - 1), suffix) != 0) {
        return false;
    }
    text[length - (sizeof(suffix) - 1)] = '\0';
    return true;
}

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int parse_cid(const struct parse *parse, const char *text, uint32_t *ret)
{
    static const struct {
        const char *name;
        uint32_t cid;
    } words[] = {{"host", VSH_CID_HOST}, {"local", VSH_CID_LOCAL}, {"any", VSH_CID_ANY}};
    uint32_t cid = 0;
    bool known = vsh_parse_u32(text, UINT32_MAX, &cid) == 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !known; i++) {
        known = strcmp(text, words[i].name) == 0;
        cid = words[i].cid;
    }
    if (!known) {
        return refuse(parse,
                      "\"%s\" is no vsock address: the CID must be a number from 0 to 4294967294, "
                      "host or local",
                      parse->text);
    }
    if (cid == VSH_CID_ANY && parse->use == VSH_ADDRESS_CONNECT) {
        return refuse(parse, "\"%s\": \"any\" is for listening only; name one CID to connect to",
                      parse->text);
    }
    *ret = cid;
    return 0;
}

static int parse_port(const struct parse *parse, const char *text, struct vsh_address *address)
{
    if (vsh_parse_u32(text, PORT_ANY - 1, &address->port) < 0) {
        return refuse(parse, "\"%s\": the port must be a number from 0 to 4294967294", parse->text);
    }
    address->has_port = true;
    return 0;
}

static int parse_vsock(const struct parse *parse, struct vsh_address *address)
{
    char body[32]; /* no longer text is valid: two numbers, a word, the suffix */
    if (strlen(parse->rest) >= sizeof(body)) {
        return refuse(parse,
                      "\"%s\" is too long for a vsock address: write vsock:3 or vsock:3:5000",
                      parse->text);
    }
    memcpy(body, parse->rest, strlen(parse->rest) + 1);
    (void)address_strip_suffix(body);
    const char stops[] = {':', parse->separator, '\0'};
    size_t cid_length = strcspn(body, stops);
    bool has_port = body[cid_length] != '\0';
    body[cid_length] = '\0';
    int rc = parse_cid(parse, body, &address->cid);
    if (rc == 0 && has_port) {
        rc = parse_port(parse, body + cid_length + 1, address);
    }
    return rc;
}

/*
 * ssh forms write the path without its first slash ("unix/run/x", "unix%run/x"); "." and "@" keep
 * relative and abstract names possible there too.
 */
static int parse_path(const struct parse *parse, size_t length, struct vsh_address *address)
{
    const char *path = parse->rest;
    if (length == 0 || strcmp(path, "@") == 0) {
        return refuse(parse, "\"%s\" has no path: write unix:/path or mux:/path", parse->text);
    }
    bool marked = strchr("/.@", *path) != NULL;
    if (parse->separator == ':' && !marked) {
        return refuse(parse, "\"%s\": the path must begin with \"/\", \".\" or \"@\"", parse->text);
    }
    size_t slash = marked ? 0 : 1;
    if (length + slash >= sizeof(address->path)) {
        return refuse(parse, "\"%s\": the path of a socket has at most %zu bytes, this one has %zu",
                      parse->text, sizeof(address->path) - 1, length + slash);
    }
    address->path[0] = '/';
    memcpy(address->path + slash, path, length);
    address->path[slash + length] = '\0';
    return 0;
}

static int parse_unix(const struct parse *parse, struct vsh_address *address)
{
    return parse_path(parse, strlen(parse->rest), address);
}

/* Digits behind the last colon are the port, so a path that ends in ":1" needs its port written. */
static int parse_mux(const struct parse *parse, struct vsh_address *address)
{
    size_t length = strlen(parse->rest);
    const char *colon = strrchr(parse->rest, ':');
    if (colon != NULL && is_number(colon + 1)) {
        int rc = parse_port(parse, colon + 1, address);
        if (rc < 0) {
            return rc;
        }
        length = (size_t)(colon - parse->rest);
    }
    return parse_path(parse, length, address);
}

static const struct form {
    const char *prefix;
    enum vsh_family family;
    int (*parse)(const struct parse *parse, struct vsh_address *address);
} forms[] = {
    {"vsock-mux", VSH_FAMILY_MUX, parse_mux},
    {"vsock", VSH_FAMILY_VSOCK, parse_vsock},
    {"unix", VSH_FAMILY_UNIX, parse_unix},
    {"mux", VSH_FAMILY_MUX, parse_mux},
};

static const struct form *find_form(const char *text)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t length = strlen(forms[i].prefix);
        if (strncmp(text, forms[i].prefix, length) == 0 && text[length] != '\0' &&
            strchr(":/%", text[length]) != NULL) {
            return &forms[i];
        }
    }
    return NULL;
}

/* Letters of any script, digits and the signs that VM names carry; nothing an option begins with.
 */
static bool is_name(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c >= 0x80;
        if (!letter && (at == text || strchr("-.+@", c) == NULL)) {
            return false;
        }
    }
    return *text != '\0';
}

static int parse_bare(const struct parse *parse, struct vsh_address *address)
{
    char body[VSH_NAME_MAX + sizeof(".vsock")];
    if (strlen(parse->text) >= sizeof(body)) {
        return refuse(parse, "a name has at most %d bytes, this one has %zu", VSH_NAME_MAX - 1,
                      strlen(parse->text));
    }
    memcpy(body, parse->text, strlen(parse->text) + 1);
    (void)address_strip_suffix(body);
    bool word = strcmp(body, "host") == 0 || strcmp(body, "local") == 0 || strcmp(body, "any") == 0;
    if (is_number(body) || word) {
        address->family = VSH_FAMILY_VSOCK;
        return parse_cid(parse, body, &address->cid);
    }
    if (!is_name(body)) {
        return refuse(parse, "\"%s\" is no address: " FORMS, parse->text);
    }
    if (strlen(body) >= VSH_NAME_MAX) {
        return refuse(parse, "a name has at most %d bytes, this one has %zu", VSH_NAME_MAX - 1,
                      strlen(body));
    }
    return -ENOENT;
}

int vsh_address_parse(const char *text, enum vsh_address_use use, struct vsh_address *ret,
                      char *error, size_t error_size)
{
    struct parse parse = {.text = text, .use = use, .error_size = error_size};
    struct vsh_address address = {.port = VSH_PORT_DEFAULT};
    const struct form *form = find_form(text);
    int rc;
    parse.error = error;
    if (form != NULL) {
        address.family = form->family;
        parse.separator = text[strlen(form->prefix)];
        parse.rest = text + strlen(form->prefix) + 1;
        rc = form->parse(&parse, &address);
    } else {
        rc = parse_bare(&parse, &address);
    }
    if (rc == 0) {
        *ret = address;
    }
    return rc;
}

const char *vsh_address_format(const struct vsh_address *address, char *buf, size_t size)
{
    switch (address->family) {
    case VSH_FAMILY_VSOCK:
        if (address->cid == VSH_CID_ANY) {
            (void)snprintf(buf, size, "vsock:any:%u", address->port);
        } else {
            (void)snprintf(buf, size, "vsock:%u:%u", address->cid, address->port);
        }
        break;
    case VSH_FAMILY_UNIX:
        (void)snprintf(buf, size, "unix:%s", address->path);
        break;
    case VSH_FAMILY_MUX:
        (void)snprintf(buf, size, "mux:%s:%u", address->path, address->port);
        break;
    case VSH_FAMILY_NONE:
        (void)snprintf(buf, size, "none");
        break;
    }
    return buf;
}
