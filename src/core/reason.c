/* SPDX-License-Identifier: MIT */
/* Reasons are counted, not copied: a cancellation of 100,000 tasks makes one. */
#include "core/reason.h"

#include "base/assert.h"
#include "base/mem.h"

const char *td_reason_kind_name(enum td_reason_kind kind)
{
	switch (kind) {
#define CASE(name, text)       \
	case TD_REASON_##name: \
		return text;
		TD_REASON_KINDS(CASE)
#undef CASE
	}
	return "unknown";
}

struct td_reason *td_reason_new(enum td_reason_kind kind, const char *origin, const char *message)
{
	struct td_reason *reason = td_mem_new(sizeof(*reason));

	if (!reason)
		return NULL;
	reason->refs = 1;
	reason->kind = kind;
	reason->origin = td_mem_strdup(origin);
	reason->message = td_mem_strdup(message);
	if (!reason->origin || (message && !reason->message))
		return td_reason_unref(reason);
	return reason;
}

struct td_reason *td_reason_ref(struct td_reason *reason)
{
	if (reason)
		reason->refs++;
	return reason;
}

struct td_reason *td_reason_unref(struct td_reason *reason)
{
	if (!reason)
		return NULL;
	td_assert(reason->refs > 0);
	if (--reason->refs == 0) {
		td_reason_unref(reason->cause);
		td_mem_free(reason->origin);
		td_mem_free(reason->message);
		td_mem_free(reason);
	}
	return NULL;
}

/* A copy that remembers what it replaced; a shared reason cannot, since it replaces different
 * ones in different places. */
static struct td_reason *with_cause(const struct td_reason *reason, struct td_reason *cause)
{
	struct td_reason *copy = td_reason_new(reason->kind, reason->origin, reason->message);

	if (!copy)
		return NULL;
	copy->has_caller = reason->has_caller;
	copy->uid = reason->uid;
	copy->pid = reason->pid;
	copy->realtime_usec = reason->realtime_usec;
	copy->cause = td_reason_ref(cause->cause ? cause->cause : cause);
	return copy;
}

void td_reason_meet(struct td_reason **slot, struct td_reason *reason)
{
	struct td_reason *old = *slot, *copy;

	if (!reason || (old && old->kind >= reason->kind))
		return;
	copy = old ? with_cause(reason, old) : NULL;
	/* Short of memory, the new reason stands without its cause. */
	*slot = copy ? copy : td_reason_ref(reason);
	td_reason_unref(old);
}
