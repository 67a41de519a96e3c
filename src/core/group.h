/* SPDX-License-Identifier: MIT */
/*
 * The tree of groups. A group is closed only when all its tasks and child groups have ended. All
 * functions are called under the lock of the runtime.
 */
#ifndef TD_CORE_GROUP_H
#define TD_CORE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <taskd/types.h>

#include "base/failure.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "core/group_state.h"
#include "core/reason.h"

struct td_runtime;
struct td_scope;
struct td_stop;
struct td_task;

#define TD_GROUP_MAGIC 0x67726f75u

struct td_group {
	uint32_t magic;
	uint8_t state;    /* enum td_group_state; td_group_set_state() only */
	uint8_t depth;    /* 0: the root */
	char *path;       /* owned; "" the root */
	const char *name; /* last word of path */
	struct td_runtime *rt;
	struct td_group *parent; /* NULL: the root */
	struct td_list children; /* by `sibling`, in order of creation */
	struct td_list sibling;
	struct td_list tasks; /* live, by td_task.link, in order of admission */
	struct td_list ended; /* records kept after the end, oldest first */
	struct td_map *names; /* owned: live tasks with a name; NULL while there is none */
	uint32_t n_tasks, n_ended;
	uint32_t n_below;         /* live tasks here and in all groups below */
	uint32_t n_open_children; /* child groups that are not closed */
	uint32_t n_condemned;
	uint32_t n_records; /* control blocks that name this group, ended ones and ghosts too */
	bool unlisted;      /* of a scope: shown as part of `parent` */
	bool removed;       /* out of the tree; freed with its last record */
	uint32_t max_tasks; /* 0: no limit */
	taskd_nsec grace;   /* of a stop; met with the parent's */
	uint8_t driver;     /* enum taskd_driver of its tasks, unless they say */
	struct td_reason *reason; /* why it is stopped; NULL: it is not */
	struct td_heap_node deadline_timer;
	taskd_nsec deadline_at; /* of the stop; TASKD_FOREVER without one */
	struct td_stop *stops;  /* owned: stops in progress on this group */
	struct td_scope *scope; /* it is the group of; NULL: of none, or its owner is gone */
	taskd_nsec created_at;
	int64_t created_realtime_usec;
};

struct td_group_options {
	uint32_t max_tasks; /* 0: no limit */
	taskd_nsec grace;   /* negative: the parent's */
	enum taskd_driver driver;
};

/*
 * Creates a child group. `options` may be NULL. Returns: 0; -TASKD_EEXIST; -TASKD_ECLOSED the
 * parent is being stopped; -TASKD_EINVAL name; -TASKD_ECAPACITY depth; -TASKD_ENOMEM.
 */
int td_group_new(struct td_group *parent, const char *name, const struct td_group_options *options,
		 struct td_group **ret_group, struct td_failure *failure);

/* Creates a group without a name, for a scope; it is found by nobody and has the path of `parent`.
 * Returns: 0; -TASKD_ECLOSED; -TASKD_ECAPACITY deeper than `max_depth`; -TASKD_ENOMEM. */
int td_group_new_unlisted(struct td_group *parent, unsigned max_depth, struct td_group **ret_group);
/* Closes an unlisted group in which nothing lives, and removes it. */
void td_group_drop(struct td_group *group);

/* The nearest group that people see: where names are unique. */
static inline struct td_group *td_group_home(struct td_group *group)
{
	while (group->unlisted)
		group = group->parent;
	return group;
}

/* Live tasks that people see in a group: its own, and those of scopes. */
uint32_t td_group_count_tasks(struct td_group *group);

/* Removes a closed group and all below it from the tree; -TASKD_EBUSY while it is not closed. */
int td_group_remove(struct td_group *group, struct td_failure *failure);

/* A control block that names this group comes, or goes. */
void td_group_hold(struct td_group *group);
void td_group_release(struct td_group *group);

/* The root, made once by the runtime; NULL when memory is short. */
struct td_group *td_group_new_root(struct td_runtime *rt);

/* Frees the whole tree; the runtime is being freed. */
void td_group_free_tree(struct td_group *root);

/* Finds by path ("a.b", "" or "/" the root), or NULL. */
struct td_group *td_group_find(struct td_runtime *rt, const char *path);
/* Finds a task in a group by name: a live one, else the youngest that is kept. NULL: none. */
struct td_task *td_group_find_task(struct td_group *group, const char *name);
/* Finds a task by number, in the whole tree. */
struct td_task *td_group_find_id(struct td_runtime *rt, uint64_t id);

/* The next group of the subtree of `top`, parents first; NULL at the end. Start with top. */
struct td_group *td_group_next(const struct td_group *top, struct td_group *group);

const char *td_group_state_name(enum td_group_state state);
/* The path as shown: "/" for the root. */
const char *td_group_path(const struct td_group *group);
void td_group_set_state(struct td_group *group, enum td_group_state state);

/* Whether the group admits tasks and groups. */
static inline bool td_group_is_open(const struct td_group *group)
{
	return group->state == TD_GROUP_OPEN;
}

/* Tasks and child groups report here when one has ended; closes the group when it was the last. */
void td_group_settle(struct td_group *group);

/* The grace that holds for a group: its own, met with those above. */
taskd_nsec td_group_grace(const struct td_group *group);

#endif
