/* SPDX-License-Identifier: MIT */
/*
 * Several tasks at once: all of them, or the first of them. Those that race run in a scope of their
 * own: when a function of this header returns, all that it started has ended.
 */
#ifndef TASKD_RACE_H
#define TASKD_RACE_H

#include <taskd/task.h>

TASKD_BEGIN_DECLS

#define TASKD_RACE_MAX 1000 /* candidates of one race */

/* One who races; becomes a task. */
struct taskd_candidate {
	taskd_fn fn;
	void *arg;
	const struct taskd_spawn_options *options; /* may be NULL */
};

/*
 * Waits until all of `n` tasks have ended, in whatever way, and gives the handles back.
 * `ret_outcomes` (may be NULL) has room for `n`, in the order of the tasks.
 * Returns: 0. Errors: -TASKD_ECANCELED the caller was asked to stop; all handles are then still
 * valid, and nothing was written. Blocks: until the last has ended.
 */
TASKD_API int taskd_join_all(taskd_task *const *tasks, size_t n,
			     struct taskd_outcome *ret_outcomes);

/*
 * Starts `n` candidates; the first that ends wins, however it ended, and of several that are ready
 * in the same round one at random. The others are asked to stop, and waited for. `ret_winner` (may
 * be NULL) gets the index of the winner. `ret_outcome` (may be NULL) gets its outcome; when it did
 * not panic or crash, but one of the others did, that of the first of those. Returns: 0 there is a
 * winner. Errors: -TASKD_EINVAL no candidates, or one without `fn`; -TASKD_ECANCELED the caller was
 * asked to stop; what taskd_spawn() says of a candidate that cannot be started; -TASKD_ECAPACITY
 * too many. Blocks: until all have ended.
 */
TASKD_API int taskd_race_all(const struct taskd_candidate *candidates, size_t n, size_t *ret_winner,
			     struct taskd_outcome *ret_outcome);

/* taskd_race_all() of two. */
TASKD_API int taskd_race(const struct taskd_candidate *first, const struct taskd_candidate *second,
			 size_t *ret_winner, struct taskd_outcome *ret_outcome);

/*
 * Starts `primary`, and when it has not ended after `delay` nanoseconds, `backup` too, to race with
 * it. `ret_winner` gets 0 for the primary, 1 for the backup. When the backup cannot be started, the
 * primary is asked to stop, and wins if it did not end as cancelled.
 * Returns and errors: as taskd_race_all(). Blocks: until all have ended.
 */
TASKD_API int taskd_hedge(taskd_nsec delay, const struct taskd_candidate *primary,
			  const struct taskd_candidate *backup, size_t *ret_winner,
			  struct taskd_outcome *ret_outcome);

TASKD_END_DECLS

#endif
