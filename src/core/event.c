/* SPDX-License-Identifier: MIT */
/* A record is a header, the path and the text, padded to 8 bytes; it never wraps around the end. */
#include "core/event.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"

#define RING_MIN ((size_t)16 << 10)

struct record {
	uint32_t size; /* with header and padding; 0: the rest up to the end is not used */
	uint16_t path_size, text_size; /* with the NUL */
	uint8_t kind, level, stream;
	uint64_t task_id;
	int64_t realtime_usec;
};

const char *td_event_kind_name(enum td_event_kind kind)
{
	switch (kind) {
#define CASE(name, text, help) \
	case TD_EVENT_##name:  \
		return text;
		TD_EVENT_KINDS(CASE)
#undef CASE
	}
	return "unknown";
}

static const struct {
	enum taskd_level level;
	const char *name;
} levels[] = {
	{TASKD_ERR, "error"}, {TASKD_WARNING, "warning"}, {TASKD_NOTICE, "notice"},
	{TASKD_INFO, "info"}, {TASKD_DEBUG, "debug"},
};

const char *td_level_name(enum taskd_level level)
{
	for (size_t i = 0; i < TD_ARRAY_SIZE(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

int td_level_parse(const char *text, enum taskd_level *ret_level)
{
	for (size_t i = 0; i < TD_ARRAY_SIZE(levels); i++) {
		if (strcmp(levels[i].name, text) == 0) {
			*ret_level = levels[i].level;
			return 0;
		}
	}
	return -TASKD_EINVAL;
}

int td_ring_init(struct td_ring *ring, size_t size)
{
	*ring = (struct td_ring){.size = (size < RING_MIN ? RING_MIN : size) & ~(size_t)7};
	ring->bytes = td_mem_new(ring->size);
	return ring->bytes ? 0 : -TASKD_ENOMEM;
}

void td_ring_fini(struct td_ring *ring)
{
	ring->bytes = td_mem_free(ring->bytes);
}

/* The offset at which the record after `offset` begins. */
static size_t settle(const struct td_ring *ring, size_t offset)
{
	struct record record;

	if (ring->size - offset < sizeof(record))
		return 0;
	memcpy(&record, ring->bytes + offset, sizeof(record));
	return record.size ? offset : 0;
}

static void drop_oldest(struct td_ring *ring)
{
	struct record record;
	size_t at = settle(ring, ring->tail);

	memcpy(&record, ring->bytes + at, sizeof(record));
	ring->used -= record.size + (at < ring->tail ? ring->size - ring->tail : 0);
	ring->tail = at + record.size;
	ring->first++;
}

/* Makes room for `size` bytes in one piece at head. */
static void make_room(struct td_ring *ring, size_t size)
{
	size_t end = ring->size - ring->head;

	if (end < size) { /* skip to the start */
		while (ring->size - ring->used < end)
			drop_oldest(ring);
		if (end >= sizeof(struct record))
			memset(ring->bytes + ring->head, 0, sizeof(struct record));
		ring->used += end;
		ring->head = 0;
	}
	while (ring->size - ring->used < size)
		drop_oldest(ring);
	if (ring->first == ring->next) { /* empty: begin anew, wherever the old ones ended */
		ring->tail = ring->head;
		ring->used = 0;
	}
}

static size_t clipped(const char *text, size_t limit)
{
	size_t length = text ? strlen(text) : 0;

	return length < limit ? length : limit;
}

void td_ring_put(struct td_ring *ring, const struct td_event *event)
{
	size_t path = clipped(event->path, 2048), text = clipped(event->text, TD_EVENT_TEXT_MAX);
	size_t size = (sizeof(struct record) + path + text + 2 + 7) & ~(size_t)7;
	struct record record = {
		.size = (uint32_t)size,
		.path_size = (uint16_t)(path + 1),
		.text_size = (uint16_t)(text + 1),
		.kind = (uint8_t)event->kind,
		.level = (uint8_t)event->level,
		.stream = event->stream,
		.task_id = event->task_id,
		.realtime_usec = event->realtime_usec,
	};
	char *at;

	td_assert(size <= ring->size / 2);
	make_room(ring, size);
	at = ring->bytes + ring->head;
	memcpy(at, &record, sizeof(record));
	at += sizeof(record);
	memcpy(at, event->path ? event->path : "", path);
	at[path] = '\0';
	memcpy(at + path + 1, event->text ? event->text : "", text);
	at[path + 1 + text] = '\0';
	ring->head += size;
	ring->used += size;
	ring->next++;
}

struct td_cursor td_ring_end(const struct td_ring *ring)
{
	return (struct td_cursor){.sequence = ring->next, .offset = ring->head};
}

struct td_cursor td_ring_begin(const struct td_ring *ring)
{
	return (struct td_cursor){.sequence = ring->first, .offset = ring->tail};
}

bool td_ring_get(const struct td_ring *ring, struct td_cursor *cursor, struct td_event *ret_event,
		 uint64_t *ret_lost)
{
	struct record record;
	const char *at;

	*ret_lost = 0;
	if (cursor->sequence == ring->next)
		return false;
	td_assert(cursor->sequence < ring->next);
	if (cursor->sequence < ring->first) {
		*ret_lost = ring->first - cursor->sequence;
		*cursor = td_ring_begin(ring);
	}
	/* The place before the oldest record may have been written over: take it from the ring. */
	if (cursor->sequence == ring->first)
		cursor->offset = ring->tail;
	cursor->offset = settle(ring, cursor->offset);
	at = ring->bytes + cursor->offset;
	memcpy(&record, at, sizeof(record));
	at += sizeof(record);
	*ret_event = (struct td_event){
		.sequence = cursor->sequence,
		.realtime_usec = record.realtime_usec,
		.kind = record.kind,
		.level = record.level,
		.stream = record.stream,
		.task_id = record.task_id,
		.path = at,
		.text = at + record.path_size,
	};
	cursor->offset += record.size;
	cursor->sequence++;
	return true;
}
