/* SPDX-License-Identifier: MIT */
/*
 * Facts about the tree, as they become true: one type of event for journal, streams and counters.
 * They go into a bounded ring of bytes; readers have cursors, and who is too slow is told how
 * many events were overwritten. Emitting never waits.
 */
#ifndef TD_CORE_EVENT_H
#define TD_CORE_EVENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taskd/log.h>

/* X(NAME, text on the wire, what it tells the operator). Never renumbered. */
#define TD_EVENT_KINDS(X)                                                           \
	X(SPAWNED, "spawned", "a task was admitted to a group")                     \
	X(STARTED, "started", "a task, or a run of it, began")                      \
	X(ENDED, "ended", "a task, or a run of it, ended; the text is its outcome") \
	X(CANCEL, "cancel", "a task or group was asked to stop")                    \
	X(OUTPUT, "output", "a line that a program wrote")                          \
	X(LOG, "log", "a line that a task logged")                                  \
	X(STATE, "state", "a group changed its state")                              \
	X(FORCED, "forced", "a task was stopped by force")                          \
	X(CONDEMNED, "condemned", "a task could not be stopped and was given up")   \
	X(HOG, "hog", "a task held the driver for too long and keeps its thread")   \
	X(STOP, "stop", "a stop was asked for, or ended")                           \
	X(DAEMON, "daemon", "the daemon itself")                                    \
	X(MISSED, "missed", "runs of a periodic task were missed")

enum td_event_kind {
#define TD_EVENT_ENUM(name, text, help) TD_EVENT_##name,
	TD_EVENT_KINDS(TD_EVENT_ENUM)
#undef TD_EVENT_ENUM
};

#define TD_EVENT_TEXT_MAX 4096 /* bytes of a text; longer ones are cut */

struct td_event {
	uint64_t sequence;
	int64_t realtime_usec;
	enum td_event_kind kind;
	enum taskd_level level;
	uint8_t stream;   /* of OUTPUT: 1 stdout, 2 stderr */
	uint64_t task_id; /* 0: about a group or the daemon */
	const char *path; /* of the task or group; "/" the root */
	const char *text;
};

const char *td_event_kind_name(enum td_event_kind kind);
const char *td_level_name(enum taskd_level level);
/* Parses "error", "warning", "notice", "info", "debug". 0 or -TASKD_EINVAL. */
int td_level_parse(const char *text, enum taskd_level *ret_level);

struct td_ring {
	char *bytes; /* owned */
	size_t size;
	size_t head, tail; /* offsets of the next write and of the oldest record */
	size_t used;
	uint64_t first, next; /* sequence numbers of the oldest and of the next record */
};

struct td_cursor {
	uint64_t sequence; /* of the next event to read */
	size_t offset;
};

/* `size` bytes, at least 16 KiB. 0 or -TASKD_ENOMEM. */
int td_ring_init(struct td_ring *ring, size_t size);
void td_ring_fini(struct td_ring *ring);
/* Adds a copy of an event; its sequence is given by the ring. Under the lock. */
void td_ring_put(struct td_ring *ring, const struct td_event *event);
/* A cursor on the next event to come, or on the oldest there is. */
struct td_cursor td_ring_end(const struct td_ring *ring);
struct td_cursor td_ring_begin(const struct td_ring *ring);
/*
 * Reads one event and moves the cursor on. The texts in *ret_event point into the ring: copy them
 * before the lock is released. *ret_lost is how many were overwritten before this one.
 * Returns: whether there was one. Under the lock.
 */
bool td_ring_get(const struct td_ring *ring, struct td_cursor *cursor, struct td_event *ret_event,
		 uint64_t *ret_lost);

#endif
