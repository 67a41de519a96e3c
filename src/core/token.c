/* SPDX-License-Identifier: MIT */
/* A token knows its tasks; they know it, so that the end of either takes the link away. */
#include "core/token.h"

#include "base/assert.h"
#include "base/mem.h"
#include "core/cancel.h"
#include "core/runtime.h"
#include "core/wait.h"

struct td_token *td_token_new(struct td_runtime *rt)
{
	struct td_token *token = td_mem_new(sizeof(*token));

	if (!token)
		return NULL;
	token->refs = 1;
	token->rt = rt;
	td_list_init(&token->tasks);
	td_list_init(&token->waiters);
	token->magic = TD_TOKEN_MAGIC;
	return token;
}

struct td_token *td_token_ref(struct td_token *token)
{
	TD_CHECK(token, TD_TOKEN_MAGIC);
	token->refs++;
	return token;
}

struct td_token *td_token_unref(struct td_token *token)
{
	if (!token)
		return NULL;
	TD_CHECK(token, TD_TOKEN_MAGIC);
	td_assert(token->refs > 0);
	if (--token->refs > 0)
		return NULL;
	td_assert(td_list_empty(&token->tasks) && td_list_empty(&token->waiters));
	token->magic = 0;
	td_reason_unref(token->reason);
	return td_mem_free(token);
}

void td_token_cancel(struct td_token *token, struct td_reason *reason)
{
	struct td_task *task;

	TD_CHECK(token, TD_TOKEN_MAGIC);
	if (token->cancelled)
		return;
	(void)td_token_ref(token);
	__atomic_store_n(&token->cancelled, true, __ATOMIC_RELEASE);
	token->reason = td_reason_ref(reason);
	td_walk_begin(token->rt);
	while ((task = TD_LIST_FIRST(&token->waiters, struct td_task, wait_link)))
		td_wake(token->rt, task, 0);
	while ((task = TD_LIST_FIRST(&token->tasks, struct td_task, token_link))) {
		td_token_detach(task);
		td_task_ask(task, TD_ASK_CANCEL, reason);
	}
	td_walk_end(token->rt);
	td_token_unref(token);
}

void td_token_attach(struct td_token *token, struct td_task *task)
{
	TD_CHECK(token, TD_TOKEN_MAGIC);
	if (token->cancelled) {
		td_task_ask(task, TD_ASK_CANCEL, token->reason);
		return;
	}
	task->token = td_token_ref(token);
	td_list_append(&token->tasks, &task->token_link);
}

void td_token_detach(struct td_task *task)
{
	if (!task->token)
		return;
	td_list_remove(&task->token_link);
	task->token = td_token_unref(task->token);
}
