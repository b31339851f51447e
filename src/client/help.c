/* SPDX-License-Identifier: MIT */
/* The text of --help; it fits a screen of 24 lines and 80 columns. The man page says the rest. */
#include "arguments.h"

#include <stdio.h>

void arguments_help(void)
{
    (void)fputs("Usage: vsock-shell-client [options] TARGET [options] [command...]\n"
                "A shell, a command or a file copy in a VM. TARGET: 3, vsock:3:5000, unix:/path,\n"
                "mux:/path, or the name of a VM or of an entry of ~/.config/vsock-shell/hosts.\n"
                "\n"
                "  -t, -T         force a terminal (PTY) for the command; never use one\n"
                "  -e NAME=VALUE  set a variable there      -C DIR   start in DIR\n"
                "  -l USER        run as USER               --argv   a program, no shell\n"
                "  -u LOCAL:REMOTE, -d REMOTE:LOCAL  copy up, down; '-' = stdin, stdout\n"
                "  -r, -L         copy folders; copy what symbolic links point to\n"
                "  --resume       go on with a broken copy  --no-clobber   keep existing files\n"
                "  --dry-run      only say what would be    --exclude GLOB leave out; repeatable\n"
                "  --limit RATE   bytes a second: 500K, 2M  --sync         fsync every file\n"
                "  --json         progress for programs\n"
                "  -p PORT        the server's port (5000)  --protocol 1|2\n"
                "  --wait SECONDS wait for the VM to be up  --timeout SECONDS to connect (10)\n"
                "  --escape CHAR  escape key (~) or 'none'  -q, -v   quiet; tell more\n"
                "  --list, --names   what TARGET can be     --help, --version\n"
                "\n"
                "Exit: the command's status; 128+N when signal N ended it; 255 own failure;\n"
                "1 some files not copied; 2 wrong use. With a terminal: ~. ends, ~? helps.\n"
                "Example: vsock-shell-client 3 -u notes.txt:/tmp/\n",
                stdout);
}
