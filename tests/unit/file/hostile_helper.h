/* SPDX-License-Identifier: MIT */
/*
 * Tests of peers that mean harm: a folder that must stay as it is, the proof that it did, and
 * frames by hand to a receiver.
 */
#ifndef TEST_HOSTILE_HELPER_H
#define TEST_HOSTILE_HELPER_H

#include "copy_helper.h"

#include "file/digest.h"

/* dest is where a copy goes, outside is what must stay as it is. */
static inline int hostile_setup(void **state)
{
    if (scratch_setup(state) < 0) {
        return -1;
    }
    make_dir("dest", 0755);
    make_dir("outside", 0755);
    make_text("outside/file", "mine");
    return 0;
}

static inline int hostile_teardown(void **state)
{
    expect_text("outside/file", "mine");
    assert_int_equal(unlink("outside/file"), 0);
    assert_int_equal(rmdir("outside"), 0); /* nothing else was put there */
    assert_false(exists("x"));
    assert_int_equal(partials_left(), 0);
    return scratch_teardown(state);
}

/* A receiver with nobody honest on the other end of its wire. */
struct victim {
    struct copy copy;
    uint32_t id;
};

static inline void victim_open(struct victim *victim, const char *to, const char *source,
                               uint32_t flags)
{
    *victim = (struct victim){0};
    copy_prepare(&victim->copy, "unused", to, flags);
    victim->copy.to_receive.source = source;
    copy_start(&victim->copy);
}

static inline void victim_close(struct victim *victim)
{
    copy_finish(&victim->copy);
}

/* Lets the receiver have all that was put so far. Returns its last result. */
static inline int deliver(struct victim *victim)
{
    struct copy *copy = &victim->copy;
    struct vsh_message message;
    int left;

    do {
        left = vsh_queue_flush(copy->out);
        (void)vsh_queue_fill(copy->in);
        while (copy->receiver_rc == 0 && vsh_queue_next(copy->in, &message) == 1) {
            copy->receiver_rc = file_receiver_handle(copy->receiver, &message);
            while (vsh_queue_pending(copy->in) > 0) {
                (void)vsh_queue_flush(copy->in);
                (void)vsh_queue_fill(copy->out);
                while (vsh_queue_next(copy->out, &message) == 1) {
                    count_frame(copy, &message);
                }
            }
        }
    } while (left == 1);
    return copy->receiver_rc;
}

static inline int put_entry(struct victim *victim, enum vsh_file_kind kind, const char *name,
                            size_t length, uint64_t size)
{
    const struct vsh_file_entry entry = {
        .id = ++victim->id,
        .kind = (uint8_t)kind,
        .mode = 0644,
        .size = kind == VSH_FILE_REGULAR ? size : 0,
        .name = name,
        .name_length = (uint16_t)length,
        .target = kind == VSH_FILE_LINK ? "../outside" : NULL,
        .target_length = kind == VSH_FILE_LINK ? 10 : 0,
    };
    assert_int_equal(vsh_put_file_entry(victim->copy.out, &entry), 0);
    return deliver(victim);
}

static inline int put_name(struct victim *victim, enum vsh_file_kind kind, const char *name)
{
    return put_entry(victim, kind, name, strlen(name), 4);
}

static inline int put_mark(struct victim *victim, uint32_t type)
{
    assert_int_equal(vsh_put_file_mark(victim->copy.out, type), 0);
    return deliver(victim);
}

static inline int put_bytes(struct victim *victim, const char *bytes)
{
    assert_int_equal(vsh_queue_put(victim->copy.out, VSH_V2_FILE_DATA, bytes, strlen(bytes)), 0);
    return deliver(victim);
}

static inline int put_end(struct victim *victim, const char *content, uint64_t size)
{
    struct vsh_file_end end = {.size = size};
    struct file_digest *digest;

    assert_int_equal(file_digest_new(&digest), 0);
    file_digest_update(digest, content, strlen(content));
    file_digest_result(digest, end.digest);
    file_digest_free(digest);
    assert_int_equal(vsh_put_file_end(victim->copy.out, &end), 0);
    return deliver(victim);
}

static inline void expect_refused(struct victim *victim, const char *why)
{
    const char *error = file_receiver_error(victim->copy.receiver);

    assert_int_equal(victim->copy.receiver_rc, VSH_E_MALFORMED);
    if (!strstr(error, why)) {
        fail_msg("\"%s\" is not in \"%s\"", why, error);
    }
}

#endif
