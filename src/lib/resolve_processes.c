/* SPDX-License-Identifier: MIT */
/*
 * Whose VMs give names. Anybody may start a process that calls itself QEMU and claims a name, so a
 * command line counts only when it is the word of root, of ourselves or of a user that hypervisors
 * run as, and not of a container; and a program that somebody else started with a set-uid bit does
 * not count as its owner's. The rule is told in vsock-shell-hosts(5).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "lib/resolve.h"
#include "lib/resolve_process.h"

#define COMMAND_LINE_MAX ((size_t)256 * 1024)
#define STATUS_MAX       ((size_t)64 * 1024)
#define PASSWD_MAX       ((size_t)4 * 1024 * 1024)
#define USERS_MAX        8

static const struct vmm *const vmms[] = {&vmm_qemu, &vmm_firecracker, &vmm_cloud_hypervisor};

/* System users that distributions and their packages give to hypervisors. */
static const char *const vmm_users[] = {"libvirt-qemu", "qemu", "firecracker", "cloud-hypervisor"};

struct trusted {
    uid_t uids[USERS_MAX];
    size_t count;
};

/* Behind name and password in a line of passwd(5). libc's own calls would load name services. */
static void trust_line(struct trusted *trusted, char *line)
{
    const char *name = strsep(&line, ":");
    const char *password = strsep(&line, ":");
    const char *number = strsep(&line, ":");
    uint32_t uid;
    if (password == NULL || number == NULL || vsh_parse_u32(number, UINT32_MAX - 1, &uid) < 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(vmm_users) / sizeof(vmm_users[0]); i++) {
        if (strcmp(name, vmm_users[i]) == 0 && trusted->count < USERS_MAX) {
            trusted->uids[trusted->count++] = uid;
        }
    }
}

static void find_trusted(const struct process_scan *scan, struct trusted *trusted)
{
    cleanup_free char *text = NULL;
    size_t length;
    trusted->uids[trusted->count++] = 0;
    trusted->uids[trusted->count++] = scan->self;
    if (fd_read_file(scan->passwd, PASSWD_MAX, &text, &length) < 0) {
        return;
    }
    char *rest = text;
    while (rest != NULL) {
        trust_line(trusted, strsep(&rest, "\n"));
    }
}

static bool is_trusted(const struct trusted *trusted, uid_t uid)
{
    for (size_t i = 0; i < trusted->count; i++) {
        if (trusted->uids[i] == uid) {
            return true;
        }
    }
    return false;
}

/* Reads a file below /proc/PID. */
static int read_below(const struct process *process, const char *name, size_t max, char **ret,
                      size_t *ret_length)
{
    cleanup_close int fd = openat(process->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -errno : fd_read_all(fd, max, ret, ret_length);
}

static const char *find_line(const char *text, const char *key)
{
    size_t length = strlen(key);
    while (text != NULL && strncmp(text, key, length) != 0) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return text != NULL ? text + length : NULL;
}

static unsigned count_numbers(const char *line)
{
    unsigned count = 0;
    size_t digits;
    line += strspn(line, " \t");
    while ((digits = strspn(line, "0123456789")) > 0) {
        count++;
        line += digits;
        line += strspn(line, " \t");
    }
    return count;
}

/*
 * "Uid: real effective saved fs": all of them must be one and the same, or somebody's set-uid
 * program runs with arguments that were not its owner's. "NSpid: 77 5": a process of a container.
 */
static int judge_status(const char *text, uid_t *ret_uid, bool *ret_contained)
{
    unsigned long uids[4];
    const char *line = find_line(text, "Uid:");
    if (line == NULL) {
        return -EINVAL;
    }
    for (size_t i = 0; i < 4; i++) {
        char *end = NULL;
        uids[i] = strtoul(line, &end, 10);
        if (end == line) {
            return -EINVAL;
        }
        line = end;
    }
    *ret_uid = (uid_t)uids[0];
    line = find_line(text, "NSpid:");
    *ret_contained = line != NULL && count_numbers(line) > 1;
    return uids[0] == uids[1] && uids[0] == uids[2] && uids[0] == uids[3] ? 0 : -EPERM;
}

static bool names_program(const struct vmm *vmm, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; vmm->programs[i] != NULL; i++) {
        if (strstr(base, vmm->programs[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static const struct vmm *find_vmm(const struct process *process)
{
    for (size_t i = 0; i < sizeof(vmms) / sizeof(vmms[0]); i++) {
        if (process->words < process->end && names_program(vmms[i], process->words)) {
            return vmms[i];
        }
    }
    return NULL;
}

/*
 * The program itself, where the kernel lets us see it: root sees all of them, others their own. It
 * must be what the command line says, and not be lent out by a set-uid bit.
 */
static bool is_its_program(const struct process *process, const struct vmm *vmm)
{
    char path[PATH_MAX];
    struct stat st;
    ssize_t length = readlinkat(process->dir_fd, "exe", path, sizeof(path) - 1);
    if (length < 0) {
        return true;
    }
    path[length] = '\0';
    return names_program(vmm, path) &&
           (fstatat(process->dir_fd, "exe", &st, 0) < 0 || (st.st_mode & (S_ISUID | S_ISGID)) == 0);
}

static int tell_claim(const struct process_scan *scan, const struct process *process,
                      const struct vsh_name *name, const struct name_visit *visit)
{
    char why[512];
    if (strcmp(name->name, scan->claimed) != 0) {
        return 0;
    }
    (void)snprintf(why, sizeof(why),
                   "the name \"%s\" is claimed by %s only, a process of uid %u: no name is taken "
                   "from there, see vsock-shell-hosts(5); if you trust it, add a line \"%s "
                   "ADDRESS\" to ~/.config/vsock-shell/hosts",
                   name->name, name->source, (unsigned)process->uid, name->name);
    return visit->bad != NULL ? visit->bad(name->name, why, visit->data) : 0;
}

static int visit_vmm(const struct process_scan *scan, struct process *process,
                     const struct name_visit *visit)
{
    struct vsh_name name = {.address = {.port = VSH_PORT_DEFAULT}};
    const struct vmm *vmm = find_vmm(process);
    if (vmm == NULL) {
        return 0;
    }
    bool is_real = is_its_program(process, vmm);
    process->believed = process->believed && is_real;
    int rc = vmm->read(process, &name);
    name_drop_odd(&name);
    (void)snprintf(name.source, sizeof(name.source), "%s process %s", vmm->title, process->pid);
    if (scan->claimed != NULL) {
        return process->believed ? 0 : tell_claim(scan, process, &name, visit);
    }
    return rc == 0 && process->believed ? visit->each(&name, visit->data) : 0;
}

static int visit_process(const struct process_scan *scan, const struct trusted *trusted,
                         struct process *process, const struct name_visit *visit)
{
    cleanup_free char *status = NULL;
    cleanup_free char *text = NULL;
    bool contained = false;
    size_t length = 0;
    if (read_below(process, "status", STATUS_MAX, &status, &length) < 0) {
        return 0; /* it ended, or is somebody's whom we may not see */
    }
    int rc = judge_status(status, &process->uid, &contained);
    process->believed = rc == 0 && !contained && is_trusted(trusted, process->uid);
    /* Reading the command line of a process can be made to hang by its owner. */
    if (!process->believed && scan->claimed == NULL) {
        return 0;
    }
    if (read_below(process, "cmdline", COMMAND_LINE_MAX, &text, &length) < 0) {
        return 0;
    }
    process->words = text;
    process->end = text + length;
    return visit_vmm(scan, process, visit);
}

int resolve_processes(const struct process_scan *scan, const struct name_visit *visit)
{
    struct trusted trusted = {0};
    DIR *processes = opendir(scan->proc);
    if (processes == NULL) {
        return 0;
    }
    find_trusted(scan, &trusted);
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(processes)) != NULL) {
        struct process process = {.proc = scan->proc, .pid = entry->d_name};
        if (entry->d_name[strspn(entry->d_name, "0123456789")] != '\0') {
            continue;
        }
        cleanup_close int dir_fd =
            openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        process.dir_fd = dir_fd;
        if (dir_fd >= 0) {
            rc = visit_process(scan, &trusted, &process, visit);
        }
    }
    (void)closedir(processes);
    return rc;
}
