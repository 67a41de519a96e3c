/* SPDX-License-Identifier: MIT */
/* Why something is asked to stop: shared by all that one cancellation reaches. */
#ifndef TD_CORE_REASON_H
#define TD_CORE_REASON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <taskd/types.h>

/* By rising rank: a stronger reason replaces a weaker one, which stays visible as the cause. */
#define TD_REASON_KINDS(X)        \
	X(REQUESTED, "requested") \
	X(DEADLINE, "deadline")   \
	X(FAIL_FAST, "fail-fast") \
	X(SHUTDOWN, "shutdown")

enum td_reason_kind {
#define TD_REASON_ENUM(name, text) TD_REASON_##name,
	TD_REASON_KINDS(TD_REASON_ENUM)
#undef TD_REASON_ENUM
};

struct td_reason {
	uint32_t refs;
	enum td_reason_kind kind;
	char *origin;  /* owned: the path that was cancelled */
	char *message; /* owned; NULL: none was given */
	bool has_caller;
	uid_t uid;
	pid_t pid;
	int64_t realtime_usec;
	struct td_reason *cause; /* shared: the first reason, when this one replaced it */
};

const char *td_reason_kind_name(enum td_reason_kind kind);
/* Returns: a new reason with one reference, or NULL: out of memory. The texts are copied. */
struct td_reason *td_reason_new(enum td_reason_kind kind, const char *origin, const char *message);
struct td_reason *td_reason_ref(struct td_reason *reason);   /* NULL allowed */
struct td_reason *td_reason_unref(struct td_reason *reason); /* NULL allowed; returns NULL */
/* Puts `reason` (borrowed, may be NULL) into *slot when it is stronger than what is there. */
void td_reason_meet(struct td_reason **slot, struct td_reason *reason);

#endif
