/* SPDX-License-Identifier: MIT */
/* Columns and JSON of --list. */
#include "list_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "common/escape.h"

enum column { NAME, ADDRESS, USER, ANSWERS, SOURCE, COLUMNS };

/* The longest text is a problem, and an escape takes six bytes. */
#define TEXT_MAX (VSH_PROBLEM_MAX * 6)

static void get_text(const struct list_entry *entry, enum column column, char buf[TEXT_MAX])
{
    char address[VSH_ADDRESS_MAX];
    const char *text = "";
    struct escape_line line = {.data = buf, .size = TEXT_MAX - 1};
    switch (column) {
    case NAME:
        /* A name that an earlier entry has, or that two VMs have, is none to use. */
        text = entry->name.state == VSH_NAME_USABLE ? entry->name.name : "";
        break;
    case ADDRESS:
        text = vsh_address_format(&entry->name.address, address, sizeof(address));
        break;
    case USER:
        text = entry->name.user;
        break;
    case ANSWERS:
        text = probe_answer_name(entry->answer);
        break;
    case SOURCE:
        text = entry->name.source;
        break;
    case COLUMNS:
        break;
    }
    escape_text(&line, text[0] != '\0' ? text : "-");
    buf[line.length] = '\0';
}

/* In cells of a terminal; what the locale cannot read counts by its bytes. */
static int width_of(const char *text)
{
    wchar_t wide[TEXT_MAX];
    size_t length = mbstowcs(wide, text, TEXT_MAX);
    int width = length < TEXT_MAX ? wcswidth(wide, length) : -1;
    return width >= 0 ? width : (int)strlen(text);
}

static const char *const headings[COLUMNS] = {"NAME", "ADDRESS", "USER", "ANSWERS", "SOURCE"};

static void print_cell(const char *text, int column_width, bool last)
{
    (void)printf("%s%*s", text, last ? 0 : column_width - width_of(text) + 2, "");
}

static void print_aligned(const struct list *list)
{
    char text[TEXT_MAX];
    int widths[COLUMNS];
    for (int column = 0; column < COLUMNS; column++) {
        widths[column] = width_of(headings[column]);
        for (size_t i = 0; i < list->count; i++) {
            get_text(&list->entries[i], (enum column)column, text);
            int width = width_of(text);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (int column = 0; column < COLUMNS; column++) {
        print_cell(headings[column], widths[column], column == SOURCE);
    }
    (void)puts("");
    for (size_t i = 0; i < list->count; i++) {
        if (list->entries[i].name.address.family == VSH_FAMILY_NONE) {
            continue;
        }
        for (int column = 0; column < COLUMNS; column++) {
            get_text(&list->entries[i], (enum column)column, text);
            print_cell(text, widths[column], column == SOURCE);
        }
        (void)puts("");
    }
}

static void print_word(const char *text, bool last)
{
    for (; *text != '\0'; text++) {
        if (*text == ' ' && !last) {
            (void)fputs("\\x20", stdout);
        } else {
            (void)putchar(*text);
        }
    }
    (void)putchar(last ? '\n' : ' ');
}

void list_print_columns(const struct list *list, bool terminal)
{
    char text[TEXT_MAX];
    if (terminal && list->count > 0) {
        print_aligned(list);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->entries[i].name.address.family == VSH_FAMILY_NONE) {
            continue;
        }
        for (int column = 0; column < COLUMNS; column++) {
            get_text(&list->entries[i], (enum column)column, text);
            print_word(text, column == SOURCE);
        }
    }
}

static void print_member(const char *key, const char *text)
{
    char data[TEXT_MAX];
    struct escape_line line = {.data = data, .size = sizeof(data)};
    escape_json(&line, text);
    (void)printf("\"%s\":\"%.*s\"", key, (int)line.length, data);
}

void list_print_json(const struct list *list)
{
    static const char *const states[] = {"usable", "hidden", "refused"};
    for (size_t i = 0; i < list->count; i++) {
        const struct vsh_name *name = &list->entries[i].name;
        bool has_address = name->address.family != VSH_FAMILY_NONE;
        char address[VSH_ADDRESS_MAX] = "";
        if (has_address) {
            (void)vsh_address_format(&name->address, address, sizeof(address));
        }
        const struct {
            const char *key, *text;
        } members[] = {
            {"name", name->name},
            {"address", address},
            {"user", name->user},
            {"source", name->source},
            {"answers", has_address ? probe_answer_name(list->entries[i].answer) : "unknown"},
            {"state", states[name->state]},
            {"problem", name->problem},
        };
        (void)fputs(i == 0 ? "[\n{" : ",\n{", stdout);
        for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
            (void)fputs(m == 0 ? "" : ",", stdout);
            print_member(members[m].key, members[m].text);
        }
        (void)putchar('}');
    }
    (void)fputs(list->count == 0 ? "[]\n" : "\n]\n", stdout);
}
