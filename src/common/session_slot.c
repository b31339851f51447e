/* SPDX-License-Identifier: MIT */
/* A sealed memfd, one page, written by one process and read by another without a lock. */
#include "session_slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TRIES 8 /* of a reader that meets a writer; then it takes what it gets */

struct session_slot {
    atomic_uint sequence; /* odd while view is being written */
    atomic_uint told;
    _Atomic uint64_t bytes_in, bytes_out;
    struct session_view view; /* its bytes and told are not used */
};

static int map(int fd, struct session_slot **ret)
{
    void *page = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        return -errno;
    }
    *ret = page;
    return 0;
}

int session_slot_new(struct session_slot **ret, int *ret_fd)
{
    struct session_slot *slot = NULL;
    cleanup_close int fd = memfd_create("vsock-shell session", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, (off_t)sizeof(*slot)) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        return -errno;
    }
    int r = map(fd, &slot);
    if (r < 0) {
        return r;
    }
    /* No session may write into another's page. */
    if (madvise(slot, sizeof(*slot), MADV_DONTFORK) < 0) {
        r = -errno;
        session_slot_free(slot);
        return r;
    }
    *ret = slot;
    *ret_fd = take_fd(&fd);
    return 0;
}

int session_slot_map(int fd, struct session_slot **ret)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode) || st.st_size != (off_t)sizeof(**ret)) {
        return -EINVAL;
    }
    return map(fd, ret);
}

void session_slot_free(struct session_slot *slot)
{
    if (slot) {
        (void)munmap(slot, sizeof(*slot));
    }
}

void session_slot_show(struct session_slot *slot, const struct session_view *view)
{
    if (!slot) {
        return;
    }
    atomic_fetch_add(&slot->sequence, 1);
    slot->view = *view;
    atomic_fetch_add(&slot->sequence, 1);
}

void session_slot_bytes(struct session_slot *slot, uint64_t bytes_in, uint64_t bytes_out)
{
    if (slot) {
        atomic_store_explicit(&slot->bytes_in, bytes_in, memory_order_relaxed);
        atomic_store_explicit(&slot->bytes_out, bytes_out, memory_order_relaxed);
    }
}

void session_slot_told(struct session_slot *slot)
{
    if (slot) {
        atomic_store(&slot->told, 1);
    }
}

static void terminate(char *text, size_t size)
{
    text[size - 1] = '\0';
}

void session_slot_read(const struct session_slot *slot, struct session_view *ret)
{
    unsigned before;
    int tries = 0;

    do {
        before = atomic_load(&slot->sequence);
        memcpy(ret, &slot->view, sizeof(*ret));
        atomic_thread_fence(memory_order_acquire);
    } while ((before % 2 != 0 || atomic_load(&slot->sequence) != before) && ++tries < TRIES);
    terminate(ret->mode, sizeof(ret->mode));
    terminate(ret->user, sizeof(ret->user));
    terminate(ret->action, sizeof(ret->action));
    terminate(ret->text_name, sizeof(ret->text_name));
    terminate(ret->text, sizeof(ret->text));
    ret->bytes_in = atomic_load_explicit(&slot->bytes_in, memory_order_relaxed);
    ret->bytes_out = atomic_load_explicit(&slot->bytes_out, memory_order_relaxed);
    ret->told = atomic_load(&slot->told) != 0;
}
