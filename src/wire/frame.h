/* SPDX-License-Identifier: MIT */
/*
 * Cuts a stream of bytes into messages, each ended by a NUL. It owns what has come and was not
 * taken yet; each byte is looked at once. Thread: one.
 */
#ifndef TD_WIRE_FRAME_H
#define TD_WIRE_FRAME_H

#include <stddef.h>

#define TD_FRAME_CALL_MAX (1u << 20) /* bytes of one call, without its NUL */

struct td_frame {
	char *bytes;            /* owned */
	size_t start, end;      /* what is there: from, to */
	size_t scanned;         /* up to here there is no NUL */
	size_t capacity, limit; /* limit: bytes of one message */
};

#define TD_FRAME_INIT(message_max) ((struct td_frame){.limit = (message_max)})

void td_frame_fini(struct td_frame *frame);
/* Appends bytes as they came. Returns: 0 or -TASKD_ENOMEM. */
int td_frame_add(struct td_frame *frame, const char *bytes, size_t n);
/*
 * Takes the next message. Returns: 1, *ret_text (NUL-terminated, lives until the next call for this
 * frame) and *ret_length set; 0: none is complete; -TASKD_EPROTO: it is larger than the limit, and
 * the stream is of no use any more.
 */
int td_frame_next(struct td_frame *frame, const char **ret_text, size_t *ret_length);
/* How many bytes were added and not taken. */
size_t td_frame_waiting(const struct td_frame *frame);

#endif
