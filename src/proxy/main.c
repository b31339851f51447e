/* SPDX-License-Identifier: MIT */
/*
 * vsock-shell-proxy, a ProxyCommand for ssh: connects to a VM and either hands the socket over (-F,
 * ProxyUseFdpass yes), after which no byte passes through here, or relays between it and standard
 * input and output.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vsock-shell/address.h>
#include <vsock-shell/error.h>
#include <vsock-shell/transport.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "common/connect.h"
#include "common/log.h"
#include "common/options.h"
#include "common/port_option.h"
#include "common/relay.h"

#define PROGRAM             "vsock-shell-proxy"
#define STATUS_FAILED       255
#define WAIT_MAX_SECONDS    86400u
#define TIMEOUT_MAX_SECONDS 3600u

struct proxy_arguments {
    const char *host;
    uint32_t port;     /* of -p, 0 = not given */
    uint32_t ssh_port; /* the second word, 0 = not given: ssh has one for every host */
    bool pass_fd;
    int wait_ms;
    int timeout_ms;
};

enum long_option { OPT_WAIT = 256, OPT_TIMEOUT, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
    {"fdpass", no_argument, NULL, 'F'},          {"port", required_argument, NULL, 'p'},
    {"wait", required_argument, NULL, OPT_WAIT}, {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"verbose", no_argument, NULL, 'v'},         {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION}, {NULL, 0, NULL, 0},
};

static void print_help(void)
{
    (void)fputs("Usage: vsock-shell-proxy [-F] [-p PORT] [--wait SECONDS] HOST [PORT]\n"
                "Connects ssh to a VM: a ProxyCommand.\n"
                "\n"
                "  HOST               3, vsock:3:5000, unix:/path, mux:/path or a VM's name;\n"
                "                     each may end in .vsock\n"
                "  PORT               ssh's %p: the port unless HOST has one (5000)\n"
                "  -p, --port PORT    the port; HOST may not name another one\n"
                "  -F, --fdpass       hand the connected socket to ssh (ProxyUseFdpass yes)\n"
                "  --wait SECONDS     go on trying while the VM is not up\n"
                "  --timeout SECONDS  give up an attempt after this time (10)\n"
                "  -v, --verbose      say what is done\n"
                "  --help, --version\n"
                "\n"
                "In ssh_config:  Host *.vsock\n"
                "                    ProxyCommand vsock-shell-proxy -F %n %p\n"
                "                    ProxyUseFdpass yes\n"
                "                    Port 5000\n",
                stdout);
}

/* A value's own sentence is on stderr already. */
static void require(int rc)
{
    if (rc < 0) {
        usage_error(PROGRAM);
    }
}

static void take_words(int count, char **words, struct proxy_arguments *ret)
{
    if (count < 1) {
        (void)fputs(PROGRAM ": HOST is missing\n", stderr);
        usage_error(PROGRAM);
    }
    if (count > 2) {
        (void)fprintf(stderr, PROGRAM ": '%s' is one word too many\n", words[2]);
        usage_error(PROGRAM);
    }
    ret->host = words[0];
    if (count == 2) {
        require(port_option_parse("PORT", words[1], &ret->ssh_port));
    }
}

static void parse_arguments(int argc, char **argv, struct proxy_arguments *ret)
{
    int option;

    *ret = (struct proxy_arguments){0};
    options_short_name(argv);
    while ((option = getopt_long(argc, argv, "Fp:v", long_options, NULL)) != -1) {
        switch (option) {
        case 'F':
            ret->pass_fd = true;
            break;
        case 'p':
            require(port_option_parse("-p", optarg, &ret->port));
            break;
        case 'v':
            log_set_level(LOG_LEVEL_DEBUG);
            break;
        case OPT_WAIT:
            require(option_seconds("--wait", optarg, WAIT_MAX_SECONDS, &ret->wait_ms));
            break;
        case OPT_TIMEOUT:
            require(option_seconds("--timeout", optarg, TIMEOUT_MAX_SECONDS, &ret->timeout_ms));
            break;
        case OPT_HELP:
            print_help();
            exit(0);
        case OPT_VERSION:
            print_version(PROGRAM);
            exit(0);
        default:
            usage_error(PROGRAM);
        }
    }
    take_words(argc - optind, argv + optind, ret);
}

static bool is_unix_socket(int fd)
{
    int domain = 0;
    socklen_t length = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

/*
 * With ProxyUseFdpass, 0 and 1 are the same socket to ssh, and ssh never writes to it: readable
 * means that ssh has gone, and that nobody waits for the connection any more.
 */
static int cancel_descriptor(const struct proxy_arguments *arguments)
{
    return arguments->pass_fd && fd_is_same(STDIN_FILENO, STDOUT_FILENO) ? STDIN_FILENO : -1;
}

static int connect_host(const struct proxy_arguments *arguments, struct vsh_address *address,
                        int *ret_fd)
{
    char text[512] = "";

    int rc = vsh_address_resolve(arguments->host, address, NULL, text, sizeof(text));
    if (rc < 0) {
        log_error("%s", text);
        return rc;
    }
    if (port_option_apply(arguments->host, arguments->port, address) < 0) {
        usage_error(PROGRAM);
    }
    if (arguments->ssh_port != 0 && !address->has_port) {
        address->port = arguments->ssh_port;
    }
    return connect_or_tell(address, arguments->timeout_ms, arguments->wait_ms,
                           cancel_descriptor(arguments), ret_fd);
}

static int pass(int fd)
{
    /* ssh sets the mode it wants, and reads the banner before it does. */
    int rc = fd_set_nonblock(fd, false);

    if (rc == 0) {
        rc = fd_send(STDOUT_FILENO, fd);
    }
    if (rc < 0) {
        log_error("cannot hand the connection to ssh: %s", vsh_strerror(rc));
    }
    return rc;
}

static int relay(int fd, const struct vsh_address *address)
{
    const struct relay_side standard = {
        .in_fd = STDIN_FILENO, .out_fd = STDOUT_FILENO, .half_close = true};
    const struct relay_side vm = {
        .in_fd = fd, .out_fd = fd, .half_close = address->family == VSH_FAMILY_UNIX};
    int rc = relay_run(&standard, &vm);

    if (rc < 0) {
        char text[VSH_ADDRESS_MAX];
        log_error("the connection to %s broke: %s", vsh_address_format(address, text, sizeof(text)),
                  vsh_strerror(rc));
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct proxy_arguments arguments;
    struct vsh_address address;
    cleanup_close int fd = -1;

    /* A reader that has gone is told by EPIPE; a closed 0 or 1 must not become the socket. */
    (void)signal(SIGPIPE, SIG_IGN);
    log_open(PROGRAM, LOG_TO_STDERR, LOG_LEVEL_NOTICE);
    if (fd_open_standard() < 0) {
        return STATUS_FAILED;
    }
    parse_arguments(argc, argv, &arguments);
    if (arguments.pass_fd && !is_unix_socket(STDOUT_FILENO)) {
        log_error("-F hands the connection over standard output, which is no unix socket here: use "
                  "it in ssh_config with 'ProxyUseFdpass yes', or leave it out to relay");
        return STATUS_FAILED;
    }
    if (connect_host(&arguments, &address, &fd) < 0) {
        return STATUS_FAILED;
    }

    int rc = arguments.pass_fd ? pass(fd) : relay(fd, &address);
    return rc < 0 ? STATUS_FAILED : 0;
}
