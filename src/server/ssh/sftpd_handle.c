/* SPDX-License-Identifier: MIT */
/* The handle table: an array that doubles, free slots chained by index. */
#include "server/ssh/sftpd_handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ssh/sftpd_wire.h"

#define FIRST_SIZE 16u

struct sftpd_handles {
    struct sftpd_handle *slots;
    uint32_t size;
    uint32_t free_head; /* slot + 1; 0 = none */
    size_t count;
};

int sftpd_handles_new(struct sftpd_handles **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret != NULL ? 0 : -ENOMEM;
}

static int slot_release(struct sftpd_handle *handle)
{
    int result = handle->dir != NULL ? closedir(handle->dir) : close(handle->fd);
    int error = result < 0 ? -errno : 0;
    free(handle->path);
    handle->path = NULL;
    handle->dir = NULL;
    handle->fd = -1;
    return error;
}

void sftpd_handles_free(struct sftpd_handles *handles)
{
    if (handles == NULL) {
        return;
    }
    for (uint32_t i = 0; i < handles->size; i++) {
        if (handles->slots[i].fd >= 0) {
            (void)slot_release(&handles->slots[i]);
        }
    }
    free(handles->slots);
    free(handles);
}

static int table_grow(struct sftpd_handles *handles)
{
    uint32_t size = handles->size == 0 ? FIRST_SIZE : handles->size * 2;
    if (size > SFTPD_HANDLES_MAX) {
        return -EMFILE;
    }
    struct sftpd_handle *slots = reallocarray(handles->slots, size, sizeof(*slots));
    if (slots == NULL) {
        return -ENOMEM;
    }
    handles->slots = slots;
    for (uint32_t i = size; i-- > handles->size;) {
        memset(&slots[i], 0, sizeof(slots[i]));
        slots[i].fd = -1;
        slots[i].next_free = handles->free_head;
        handles->free_head = i + 1;
    }
    handles->size = size;
    return 0;
}

int sftpd_handle_add(struct sftpd_handles *handles, const struct sftpd_handle *values,
                     uint8_t wire[SFTP_HANDLE_BYTES])
{
    if (handles->free_head == 0) {
        int r = table_grow(handles);
        if (r < 0) {
            return r;
        }
    }
    uint32_t slot = handles->free_head - 1;
    struct sftpd_handle *handle = &handles->slots[slot];
    uint32_t generation = handle->generation + 1;
    handles->free_head = handle->next_free;
    *handle = *values;
    handle->generation = generation;
    handles->count++;
    sftpd_store_u32(wire, slot);
    sftpd_store_u32(wire + 4, generation);
    return 0;
}

struct sftpd_handle *sftpd_handle_find(struct sftpd_handles *handles, const uint8_t *wire,
                                       size_t length)
{
    if (wire == NULL || length != SFTP_HANDLE_BYTES) {
        return NULL;
    }
    uint32_t slot = sftpd_load_u32(wire);
    if (slot >= handles->size) {
        return NULL;
    }
    struct sftpd_handle *handle = &handles->slots[slot];
    if (handle->fd < 0 || handle->generation != sftpd_load_u32(wire + 4)) {
        return NULL;
    }
    return handle;
}

int sftpd_handle_close(struct sftpd_handles *handles, struct sftpd_handle *handle)
{
    int r = slot_release(handle);
    handle->next_free = handles->free_head;
    handles->free_head = (uint32_t)(handle - handles->slots) + 1;
    handles->count--;
    return r;
}

struct sftpd_handle *sftpd_handle_next(struct sftpd_handles *handles, uint32_t *at)
{
    while (*at < handles->size) {
        struct sftpd_handle *handle = &handles->slots[(*at)++];
        if (handle->fd >= 0) {
            return handle;
        }
    }
    return NULL;
}

size_t sftpd_handle_count(const struct sftpd_handles *handles)
{
    return handles->count;
}
