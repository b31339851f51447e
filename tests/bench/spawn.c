/* SPDX-License-Identifier: MIT */
/*
 * spawn SOCKET PROGRAM [ARGUMENT...]: listens on a unix socket and execs PROGRAM once per
 * connection with the accepted socket as 0 and 1: what inetd does for sshd -i, without a process in
 * between, so that a peer of ours is measured at its best. Ends with SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(int signo)
{
    (void)signo;
    /* Waited for, so that its CPU time counts as our children's in /proc/PID/stat. */
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

    if (argc < 3 || strlen(argv[1]) >= sizeof(name.sun_path)) {
        (void)fprintf(stderr, "usage: spawn SOCKET PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    (void)strcpy(name.sun_path, argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&name, sizeof(name)) < 0 ||
        listen(listener, 512) < 0 || sigaction(SIGCHLD, &action, NULL) < 0) {
        perror("spawn");
        return 1;
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        if (fork() == 0) {
            (void)dup2(fd, STDIN_FILENO);
            (void)dup2(fd, STDOUT_FILENO);
            (void)close(fd);
            (void)execv(argv[2], argv + 2);
            perror(argv[2]);
            _exit(127);
        }
        (void)close(fd);
    }
}
