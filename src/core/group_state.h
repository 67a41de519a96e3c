/* SPDX-License-Identifier: MIT */
/* The states of a group and the legal edges between them. */
#ifndef TD_CORE_GROUP_STATE_H
#define TD_CORE_GROUP_STATE_H

/* X(NAME, text, set of states that may follow) */
#define TD_GROUP_STATES(X)                                                 \
	X(OPEN, "open", TD_GEDGE(CLOSING))                                 \
	X(CLOSING, "closing", TD_GEDGE(DRAINING) | TD_GEDGE(FINALIZING))   \
	X(DRAINING, "draining", TD_GEDGE(ABORTING) | TD_GEDGE(FINALIZING)) \
	X(ABORTING, "aborting", TD_GEDGE(FINALIZING))                      \
	X(FINALIZING, "finalizing", TD_GEDGE(CLOSED))                      \
	X(CLOSED, "closed", 0)

enum td_group_state {
#define TD_STATE_ENUM(name, text, edges) TD_GROUP_##name,
	TD_GROUP_STATES(TD_STATE_ENUM)
#undef TD_STATE_ENUM
};

#endif
