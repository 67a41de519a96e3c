/* SPDX-License-Identifier: MIT */
/*
 * Cancel tokens: one more reason to stop, apart from groups and scopes. A task that was spawned
 * with a token (see struct taskd_spawn_options) is asked to stop when the token is cancelled;
 * anybody else may look at it or wait for it. Once cancelled, a token stays so.
 */
#ifndef TASKD_TOKEN_H
#define TASKD_TOKEN_H

#include <taskd/task.h>

TASKD_BEGIN_DECLS

/*
 * Makes a token, which the calling task holds until it ends (with `every`: until the run ends), on
 * every path. Returns: 0. Errors: -TASKD_ENOMEM. Blocks: no.
 */
TASKD_API int taskd_token_new(taskd_token **ret_token) TASKD_WARN_UNUSED;

/* Holds a token beyond the end of the task that made it. Returns: `token`. Blocks: no. */
TASKD_API taskd_token *taskd_token_ref(taskd_token *token);

/* Lets go of a token; the last one frees it. NULL is allowed. Blocks: no. */
TASKD_API void taskd_token_unref(taskd_token *token);

/*
 * Cancels a token: tasks that were spawned with it are asked to stop, and who waits for it is
 * woken. Idempotent. `message` says why (copied, may be NULL). Blocks: no. Thread: any, also one
 * that taskd knows nothing of, as long as a task holds the token.
 */
TASKD_API void taskd_token_cancel(taskd_token *token, const char *message);

/* Whether it was cancelled. Blocks: no. Thread: any. */
TASKD_API bool taskd_token_is_cancelled(const taskd_token *token);

/* As taskd_checkpoint(), for a token. Returns: 0, or -TASKD_ECANCELED. Blocks: no. Thread: any. */
TASKD_API int taskd_token_check(const taskd_token *token);

/*
 * Waits until the token is cancelled. `timeout` in nanoseconds, TASKD_FOREVER for none.
 * Returns: 0 it was cancelled. Errors: -TASKD_ETIMEDOUT; -TASKD_ECANCELED the caller was asked to
 * stop. Blocks: until then.
 */
TASKD_API int taskd_token_wait(taskd_token *token, taskd_nsec timeout);

TASKD_END_DECLS

#endif
