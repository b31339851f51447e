/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD: a program's first call of getopt_long prints the options that it was given, and ends
 * the program. A line is "-p" or "--port", "value" or "flag", and getopt's number for the option,
 * which is the same for two spellings of one.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int getopt_long(int argc, char *const argv[], const char *letters, const struct option *options,
                int *index)
{
    (void)argc;
    (void)argv;
    (void)index;
    for (const char *at = letters + strspn(letters, "+-:"); *at != '\0'; at++) {
        if (*at != ':') {
            printf("-%c %s %d\n", *at, at[1] == ':' ? "value" : "flag", *at);
        }
    }
    for (; options->name != NULL; options++) {
        printf("--%s %s %d\n", options->name, options->has_arg != no_argument ? "value" : "flag",
               options->val);
    }
    (void)fflush(stdout);
    _exit(0);
}
