/* SPDX-License-Identifier: MIT */
/* The option list of a key: names and what each does as a table; values are unquoted in place. */
#include "server/ssh/authorized_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void authorized_options_init(struct authorized_options *options)
{
    memset(options, 0, sizeof(*options));
    options->pty = options->port_forwarding = options->agent_forwarding = true;
}

static int digits(const char *text, size_t count, int *ret)
{
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return -EINVAL;
        }
        *ret = *ret * 10 + (text[i] - '0');
    }
    return 0;
}

int authorized_expiry_parse(const char *text, int64_t *ret)
{
    size_t length = strlen(text);
    bool utc = length > 0 && (text[length - 1] == 'Z' || text[length - 1] == 'z');
    length -= utc ? 1 : 0;
    int year, month, day, hour = 0, minute = 0, second = 0;
    if ((length != 8 && length != 12 && length != 14) || digits(text, 4, &year) < 0 ||
        digits(text + 4, 2, &month) < 0 || digits(text + 6, 2, &day) < 0 ||
        (length > 8 && (digits(text + 8, 2, &hour) < 0 || digits(text + 10, 2, &minute) < 0)) ||
        (length > 12 && digits(text + 12, 2, &second) < 0)) {
        return -EINVAL;
    }
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second,
                    .tm_isdst = -1};
    time_t at = utc ? timegm(&tm) : mktime(&tm);
    /* mktime() normalises February 30th instead of refusing it. */
    if (tm.tm_mday != day || tm.tm_mon != month - 1 || hour > 23 || minute > 59 || second > 60 ||
        at <= 0) {
        return -EINVAL;
    }
    *ret = at;
    return 0;
}

static int set_command(struct authorized_options *options, const char *value)
{
    if (options->command != NULL) {
        return -EINVAL;
    }
    options->command = value;
    return 0;
}

static int set_from(struct authorized_options *options, const char *value)
{
    if (options->from != NULL) {
        return -EINVAL;
    }
    options->from = value;
    return 0;
}

/* Of several the earliest counts. */
static int set_expiry(struct authorized_options *options, const char *value)
{
    int64_t expiry;
    if (authorized_expiry_parse(value, &expiry) < 0) {
        return -EINVAL;
    }
    if (options->expiry == 0 || expiry < options->expiry) {
        options->expiry = expiry;
    }
    return 0;
}

static int list_add(struct authorized_list *list, const char *value)
{
    if (list->count == AUTHORIZED_LIST_MAX) {
        return -EINVAL;
    }
    list->items[list->count++] = value;
    return 0;
}

static int add_environment(struct authorized_options *options, const char *value)
{
    const char *equals = strchr(value, '=');
    return equals == NULL || equals == value ? -EINVAL : list_add(&options->environment, value);
}

static int add_permit_open(struct authorized_options *options, const char *value)
{
    return strchr(value, ':') == NULL ? -EINVAL : list_add(&options->permit_open, value);
}

static int add_permit_listen(struct authorized_options *options, const char *value)
{
    return list_add(&options->permit_listen, value);
}

/* Grants of things that we do not have: nothing to do. */
static int ignore_value(struct authorized_options *options, const char *value)
{
    (void)options;
    (void)value;
    return 0;
}

static const struct {
    const char *name;
    int (*set)(struct authorized_options *options, const char *value);
} values[] = {
    {"command", set_command},        {"from", set_from},
    {"expiry-time", set_expiry},     {"environment", add_environment},
    {"permitopen", add_permit_open}, {"permitlisten", add_permit_listen},
    {"tunnel", ignore_value},
};

/* Switches, each with a "no-" form; field < 0 is one for which we have nothing to switch. */
static const struct {
    const char *name;
    int field;
} switches[] = {
    {"pty", offsetof(struct authorized_options, pty)},
    {"port-forwarding", offsetof(struct authorized_options, port_forwarding)},
    {"agent-forwarding", offsetof(struct authorized_options, agent_forwarding)},
    {"x11-forwarding", -1},
    {"user-rc", -1},
};

static int set_switch(struct authorized_options *options, const char *name)
{
    bool on = strncasecmp(name, "no-", 3) != 0;
    const char *base = on ? name : name + 3;
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (strcasecmp(base, switches[i].name) != 0) {
            continue;
        }
        if (switches[i].field >= 0) {
            *(bool *)((char *)options + switches[i].field) = on;
        }
        return 0;
    }
    if (strcasecmp(name, "restrict") == 0) {
        options->pty = options->port_forwarding = options->agent_forwarding = false;
        return 0;
    }
    /* What touch a key asked for is not shown to us, so it is never demanded either. */
    return strcasecmp(name, "no-touch-required") == 0 ? 0 : -EINVAL;
}

static int set_option(struct authorized_options *options, const char *name, const char *value)
{
    if (value == NULL) {
        return set_switch(options, name);
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcasecmp(name, values[i].name) == 0) {
            return values[i].set(options, value);
        }
    }
    return -EINVAL;
}

/* Takes a quoted value at *text (behind its opening quote); \" stands for a quote. */
static int unquote(char **text, const char **ret)
{
    char *in = *text, *out = *text;
    *ret = out;
    while (*in != '\0' && *in != '"') {
        if (in[0] == '\\' && in[1] == '"') {
            in++;
        }
        *out++ = *in++;
    }
    if (*in == '\0') {
        return -EINVAL;
    }
    *out = '\0';
    *text = in + 1;
    return 0;
}

int authorized_options_parse(char **text, struct authorized_options *ret, char *error, size_t size)
{
    char *at = *text;
    authorized_options_init(ret);
    for (;;) {
        char *name = at;
        const char *value = NULL;
        at += strcspn(at, "=, \t\"");
        char end = *at;
        if (end == '=') {
            *at++ = '\0';
            if (*at++ != '"' || unquote(&at, &value) < 0) {
                (void)snprintf(error, size, "option \"%s\" lacks its quotes", name);
                return -EINVAL;
            }
            end = *at;
        }
        if (end != ',' && end != ' ' && end != '\t') {
            (void)snprintf(error, size, "the options have no end before the key");
            return -EINVAL;
        }
        *at++ = '\0';
        if (set_option(ret, name, value) < 0) {
            (void)snprintf(error, size, "option \"%s\" is unknown, repeated or has a bad value",
                           name);
            return -EINVAL;
        }
        if (end != ',') {
            *text = at;
            return 0;
        }
    }
}
