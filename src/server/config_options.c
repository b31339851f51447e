/* SPDX-License-Identifier: MIT */
/*
 * The table of the server's options. The man page and the completions beside it carry the same
 * names: change them together.
 */
#include "server/config.h"

#define FLAG(field)             CONFIG_FLAG, offsetof(struct config, field), 0, 0, NULL
#define TEXT(field, arg)        CONFIG_TEXT, offsetof(struct config, field), 0, 0, arg
#define LIST(field, arg)        CONFIG_LIST, offsetof(struct config, field), 0, 0, arg
#define NUMBER(field, min, max) CONFIG_NUMBER, offsetof(struct config, field), min, max, "N"
#define SECONDS(field, max)     CONFIG_SECONDS, offsetof(struct config, field), 0, max, "SECONDS"
#define DAY                     86400u

const struct config_option config_options[] = {
    {"port", 'p', NUMBER(port, 0, UINT32_MAX - 1), "port to listen on (5000)"},
    {"listen", 0, LIST(listen_texts, "ADDRESS"), "listen here instead of vsock:any:PORT"},
    {"daemonize", 'd', FLAG(daemonize), "go to the background once all is bound"},
    {"verbose", 'v', CONFIG_COUNT, offsetof(struct config, verbose), 0, 0, NULL, "log more"},
    {"stdio", 'i', FLAG(one_connection), "serve one connection on stdin and stdout"},

    {"allow", 0, LIST(allow, "PEER"), "let a peer in"},
    {"deny", 0, LIST(deny, "PEER"), "keep a peer out, whatever --allow says"},
    {"require-privileged-port", 0, FLAG(require_privileged_port),
     "only source ports below 1024: root there"},
    {"allow-uid", 0, LIST(allow_uid, "USER"), "unix sockets: let in a name, a uid or any"},

    {"user", 0, TEXT(user, "NAME"), "run every session as this user"},
    {"shell", 0, TEXT(shell, "PATH"), "shell of every session (the account's)"},
    {"no-exec", 0, FLAG(no_exec), "no shells, no commands"},
    {"no-pty", 0, FLAG(no_pty), "no pseudo-terminals"},
    {"no-upload", 0, FLAG(no_upload), "no files from the peer"},
    {"no-download", 0, FLAG(no_download), "no files to the peer"},
    {"no-forward", 0, FLAG(no_forward), "no forwarded connections (SSH)"},
    {"root", 0, TEXT(root, "DIR"), "file requests stay beneath this folder"},
    {"record", 0, TEXT(record, "DIR"), "record terminals as asciicast files in DIR"},

    {"max-sessions", 0, NUMBER(max_sessions, 1, 65536), "connections at once (512)"},
    {"max-sessions-per-peer", 0, NUMBER(max_sessions_per_peer, 0, 65536),
     "of one CID or uid (0: no limit of its own)"},
    {"login-grace", 0, SECONDS(login_grace_ms, DAY), "time for the first request (20)"},
    {"idle-timeout", 0, SECONDS(idle_timeout_ms, DAY * 31),
     "end sessions silent for so long (0: never)"},
    {"grace", 0, SECONDS(grace_ms, DAY), "time for sessions to end after SIGTERM (5)"},

    {"pid-file", 0, TEXT(pid_file, "FILE"), "write the process id here while running"},
    {"log", 0, TEXT(log_text, "TARGET"), "stderr, syslog or json (stderr; with -d syslog)"},
    {"check", 0, FLAG(check_only), "print the settings and exit: 0 good, 2 bad"},

    {"status", 0, FLAG(status), "show a running server's sessions and exit"},
    {"json", 0, FLAG(json), "with --status: as JSON"},
    {"control", 0, TEXT(control, "PATH"), "socket file for --status (RUNDIR/PORT.control)"},

    {"ssh", 0, FLAG(ssh.on), "serve SSH on the same port"},
    {"authorized-keys", 0, LIST(ssh.authorized_keys, "PATTERN"),
     "public keys (%h/.ssh/authorized_keys)"},
    {"host-key", 0, TEXT(ssh.host_key, "FILE"), "private host key; made when missing"},
    {"show-host-key", 0, FLAG(ssh.show_host_key), "print the public host key and exit"},
    {"ssh-auth", 0, TEXT(ssh.auth, "LIST"), "publickey or none (publickey)"},
    {"ssh-all-ciphers", 0, FLAG(ssh.all_ciphers), "offer slower ciphers: the client chooses"},
    {"sftp-server", 0, TEXT(ssh.sftp_server, "PATH"), "program for sftp instead of our own"},

    {"version", 0, CONFIG_VERSION, 0, 0, 0, NULL, "print the version"},
    {"help", 'h', CONFIG_HELP, 0, 0, 0, NULL, "print this"},
};
const size_t config_option_count = sizeof(config_options) / sizeof(config_options[0]);
