/* SPDX-License-Identifier: MIT */
/* Cancel tokens: a flag, a reason, and who is to be told. Under the lock. */
#ifndef TD_CORE_TOKEN_H
#define TD_CORE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "core/reason.h"

struct td_runtime;
struct td_task;

#define TD_TOKEN_MAGIC 0x746f6b65u

struct td_token {
	uint32_t magic;
	bool cancelled; /* never unset; read without the lock */
	uint32_t refs;
	struct td_runtime *rt;
	struct td_reason *reason;
	struct td_list tasks;   /* to be asked, by td_task.token_link; each holds a reference */
	struct td_list waiters; /* tasks that wait for it */
};

/* Returns: a token with one reference, or NULL: out of memory. */
struct td_token *td_token_new(struct td_runtime *rt);
struct td_token *td_token_ref(struct td_token *token);
struct td_token *td_token_unref(struct td_token *token); /* NULL allowed; returns NULL */

/* Tells all, once and for all. `reason` (borrowed) may be NULL. */
void td_token_cancel(struct td_token *token, struct td_reason *reason);

/* A task obeys a token from its admission to its end. One that was cancelled ends it at once. */
void td_token_attach(struct td_token *token, struct td_task *task);
void td_token_detach(struct td_task *task);

#endif
