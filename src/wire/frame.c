/* SPDX-License-Identifier: MIT */
/* One growing buffer; messages are taken from its front and cost no copy. */
#include "wire/frame.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"

#define FIRST_CAPACITY 4096 /* bytes */
#define KEEP_MAX 65536      /* bytes; an idle connection holds no more than that */

void td_frame_fini(struct td_frame *frame)
{
	if (frame == NULL)
		return;
	frame->bytes = td_mem_free(frame->bytes);
	frame->start = frame->end = frame->scanned = frame->capacity = 0;
}

/* Moves what is left to the front, when that frees at least as much as it moves. */
static void close_gap(struct td_frame *frame)
{
	size_t left = frame->end - frame->start;

	if (frame->start == 0 || frame->start < left)
		return;
	memmove(frame->bytes, frame->bytes + frame->start, left);
	frame->scanned -= frame->start;
	frame->start = 0;
	frame->end = left;
}

int td_frame_add(struct td_frame *frame, const char *bytes, size_t n)
{
	size_t capacity;
	char *larger;

	if (n == 0)
		return 0;
	if (frame->start == frame->end && frame->capacity > KEEP_MAX)
		td_frame_fini(frame);
	if (frame->capacity - frame->end < n)
		close_gap(frame);
	if (frame->capacity - frame->end < n) {
		capacity = frame->capacity > 0 ? frame->capacity : FIRST_CAPACITY;
		while (capacity - frame->end < n)
			capacity *= 2;
		larger = td_mem_resize(frame->bytes, capacity);
		if (larger == NULL)
			return -TASKD_ENOMEM;
		frame->bytes = larger;
		frame->capacity = capacity;
	}
	memcpy(frame->bytes + frame->end, bytes, n);
	frame->end += n;
	return 0;
}

int td_frame_next(struct td_frame *frame, const char **ret_text, size_t *ret_length)
{
	char *nul = NULL;
	size_t length;

	if (frame->scanned < frame->end)
		nul = memchr(frame->bytes + frame->scanned, '\0', frame->end - frame->scanned);
	length = (nul != NULL ? (size_t)(nul - frame->bytes) : frame->end) - frame->start;
	if (length > frame->limit)
		return -TASKD_EPROTO;
	if (nul == NULL) {
		frame->scanned = frame->end;
		return 0;
	}
	*ret_text = frame->bytes + frame->start;
	*ret_length = length;
	frame->start += length + 1;
	frame->scanned = frame->start;
	td_assert(frame->start <= frame->end);
	return 1;
}

size_t td_frame_waiting(const struct td_frame *frame)
{
	return frame->end - frame->start;
}
