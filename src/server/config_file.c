/* SPDX-License-Identifier: MIT */
/*
 * The file of --config: an option a line, its long name and behind a blank its value; "#" begins a
 * comment line. Nothing is guessed: every line is right, or the file is refused with its number.
 */
#include "server/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define FILE_MAX_BYTES 65536
#define BLANKS         " \t"

/* Whoever writes it decides who gets in. */
static int check_file(const char *path, char error[CONFIG_ERROR_MAX])
{
    struct stat st;
    if (stat(path, &st) < 0) {
        int r = -errno;
        (void)snprintf(error, CONFIG_ERROR_MAX, "--config: cannot read '%s': %s", path,
                       strerror(-r));
        return r;
    }
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & S_IWOTH)) {
        (void)snprintf(error, CONFIG_ERROR_MAX,
                       "--config: '%s' must belong to root or the server's user, and be writable "
                       "for nobody else: chown and chmod it",
                       path);
        return -EPERM;
    }
    return 0;
}

static const struct config_option *find_option(const char *name)
{
    for (size_t i = 0; i < config_option_count; i++) {
        if (strcmp(config_options[i].name, name) == 0) {
            return &config_options[i];
        }
    }
    return NULL;
}

/* Cuts blanks off both ends, and the first word from the rest. */
static char *split(char *line, char **ret_value)
{
    line += strspn(line, BLANKS);
    size_t length = strlen(line);
    while (length > 0 && strchr(BLANKS, line[length - 1])) {
        line[--length] = '\0';
    }
    char *end = line + strcspn(line, BLANKS);
    *ret_value = end + strspn(end, BLANKS);
    *end = '\0';
    return line;
}

static int take_line(struct config *config, char *line, char error[CONFIG_ERROR_MAX])
{
    char *value = NULL;
    const char *name = split(line, &value);
    if (name[0] == '\0' || name[0] == '#') {
        return 0;
    }
    const struct config_option *option = find_option(name);
    if (!option) {
        (void)snprintf(error, CONFIG_ERROR_MAX,
                       "'%.100s' is no option: write its long name without dashes, a blank, and "
                       "its value",
                       name);
    } else if (option->only_there) {
        (void)snprintf(error, CONFIG_ERROR_MAX, "'%s' belongs on the command line", name);
    } else if (option->argument && *value == '\0') {
        (void)snprintf(error, CONFIG_ERROR_MAX, "'%s' needs a value (%s)", name, option->argument);
    } else if (!option->argument && *value != '\0') {
        (void)snprintf(error, CONFIG_ERROR_MAX, "'%s' takes no value, not even '%.100s'", name,
                       value);
    } else {
        return config_take(config, option, value, error);
    }
    return -EINVAL;
}

int config_read_file(struct config *config, const char *path, char error[CONFIG_ERROR_MAX])
{
    size_t length = 0;
    int r = check_file(path, error);
    if (r < 0) {
        return r;
    }
    r = fd_read_file(path, FILE_MAX_BYTES, &config->file_text, &length);
    if (r == 0 && strlen(config->file_text) != length) {
        r = -EINVAL; /* a NUL: no text */
    }
    if (r < 0) {
        (void)snprintf(error, CONFIG_ERROR_MAX, "--config: cannot read '%s': %s", path,
                       r == -EINVAL ? "it is no text" : strerror(-r));
        return r;
    }
    char *next = config->file_text;
    for (unsigned number = 1; next; number++) {
        char why[CONFIG_ERROR_MAX] = "out of memory";
        char *line = strsep(&next, "\n");
        r = take_line(config, line, why);
        if (r < 0) {
            (void)snprintf(error, CONFIG_ERROR_MAX, "%.300s:%u: %.600s", path, number, why);
            return r;
        }
    }
    return 0;
}
