/* SPDX-License-Identifier: MIT */
/*
 * The table of the server's options. The man page and the completions beside it carry the same
 * names: change them together.
 */
#include "server/config.h"

#define FLAG(field)             CONFIG_FLAG, offsetof(struct config, field), 0, 0, NULL
#define TEXT(field, arg)        CONFIG_TEXT, offsetof(struct config, field), 0, 0, arg
#define PATH(field, arg)        CONFIG_PATH, offsetof(struct config, field), 0, 0, arg
#define LIST(field, arg)        CONFIG_LIST, offsetof(struct config, field), 0, 0, arg
#define NUMBER(field, min, max) CONFIG_NUMBER, offsetof(struct config, field), min, max, "N"
#define SECONDS(field, max)     CONFIG_SECONDS, offsetof(struct config, field), 0, max, "SECONDS"
/* What ends an entry: whose values are checked one by one, and what no file may hold. */
#define ANY            NULL, false
#define CHECKED(check) check, false
#define ONLY_THERE     NULL, true
#define DAY            86400u

const struct config_option config_options[] = {
    {"port", 'p', NUMBER(port, 0, UINT32_MAX - 1), "port to listen on (5000)", ANY},
    {"listen", 0, LIST(listen_texts, "ADDRESS"), "listen here instead of vsock:any:PORT",
     CHECKED(config_check_address)},
    {"daemonize", 'd', FLAG(daemonize), "go to the background once all is bound", ONLY_THERE},
    {"verbose", 'v', CONFIG_COUNT, offsetof(struct config, verbose), 0, 0, NULL, "log more", ANY},
    {"stdio", 'i', FLAG(one_connection), "serve one connection on stdin and stdout", ONLY_THERE},

    {"allow", 0, LIST(allow, "PEER"), "let a peer in", CHECKED(config_check_allow)},
    {"deny", 0, LIST(deny, "PEER"), "keep a peer out, whatever --allow says",
     CHECKED(config_check_deny)},
    {"require-privileged-port", 0, FLAG(require_privileged_port),
     "only source ports below 1024: root there", ANY},
    {"allow-uid", 0, LIST(allow_uid, "USER"), "unix sockets: let in a name, a uid or any",
     CHECKED(config_check_allow_uid)},

    {"user", 0, TEXT(user, "NAME"), "run every session as this user", ANY},
    {"shell", 0, PATH(shell, "PATH"), "shell of every session (the account's)", ANY},
    {"no-native", 0, FLAG(no_native), "SSH alone: every peer has to log in", ANY},
    {"no-exec", 0, FLAG(no_exec), "no shells, no commands", ANY},
    {"no-pty", 0, FLAG(no_pty), "no pseudo-terminals", ANY},
    {"no-upload", 0, FLAG(no_upload), "no files from the peer", ANY},
    {"no-download", 0, FLAG(no_download), "no files to the peer", ANY},
    {"no-forward", 0, FLAG(no_forward), "no forwarded connections (SSH)", ANY},
    {"root", 0, PATH(root, "DIR"), "file requests stay beneath this folder", ANY},
    {"record", 0, PATH(record, "DIR"), "record terminals as asciicast files in DIR", ANY},

    {"max-sessions", 0, NUMBER(max_sessions, 1, 65536), "connections at once (512)", ANY},
    {"max-sessions-per-peer", 0, NUMBER(max_sessions_per_peer, 0, 65536),
     "of one CID or uid (0: no limit of its own)", ANY},
    {"login-grace", 0, SECONDS(login_grace_ms, DAY), "time for the first request (20)", ANY},
    {"idle-timeout", 0, SECONDS(idle_timeout_ms, DAY * 31),
     "end sessions silent for so long (0: never)", ANY},
    {"grace", 0, SECONDS(grace_ms, DAY), "time for sessions to end after SIGTERM (5)", ANY},

    {"config", 0, PATH(file, "FILE"), "options, one a line; read again at SIGHUP", ONLY_THERE},
    {"pid-file", 0, PATH(pid_file, "FILE"), "write the process id here while running", ANY},
    {"log", 0, TEXT(log_text, "TARGET"), "stderr, syslog or json (stderr; with -d syslog)",
     CHECKED(config_check_log)},
    {"check", 0, FLAG(check_only), "print the settings and exit: 0 good, 2 bad", ONLY_THERE},

    {"status", 0, FLAG(status), "show a running server's sessions and exit", ONLY_THERE},
    {"json", 0, FLAG(json), "with --status: as JSON", ONLY_THERE},
    {"control", 0, PATH(control, "PATH"), "socket file for --status (RUNDIR/PORT.control)", ANY},

    {"ssh", 0, FLAG(ssh.on), "serve SSH on the same port", ANY},
    {"authorized-keys", 0, LIST(ssh.authorized_keys, "PATTERN"),
     "public keys (%h/.ssh/authorized_keys)", CHECKED(config_check_not_empty)},
    {"host-key", 0, PATH(ssh.host_key, "FILE"), "private host key; made when missing", ANY},
    {"show-host-key", 0, FLAG(ssh.show_host_key), "print the public host key and exit", ONLY_THERE},
    {"ssh-auth", 0, TEXT(ssh.auth, "LIST"), "publickey or none (publickey)",
     CHECKED(config_check_auth)},
    {"ssh-all-ciphers", 0, FLAG(ssh.all_ciphers), "offer slower ciphers: the client chooses", ANY},
    {"sftp-server", 0, PATH(ssh.sftp_server, "PATH"), "program for sftp instead of our own", ANY},

    {"version", 0, CONFIG_VERSION, 0, 0, 0, NULL, "print the version", ONLY_THERE},
    {"help", 'h', CONFIG_HELP, 0, 0, 0, NULL, "print this", ONLY_THERE},
};
const size_t config_option_count = sizeof(config_options) / sizeof(config_options[0]);
