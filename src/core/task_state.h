/* SPDX-License-Identifier: MIT */
/* The states of a task and the legal edges between them; see DESIGN in src/README.md. */
#ifndef TD_CORE_TASK_STATE_H
#define TD_CORE_TASK_STATE_H

/* X(NAME, text, set of states that may follow) */
#define TD_TASK_STATES(X)                                                        \
	X(NEW, "new", TD_EDGE(READY) | TD_EDGE(ENDED))                           \
	X(READY, "ready", TD_EDGE(RUNNING) | TD_EDGE(ENDING) | TD_EDGE(ENDED))   \
	X(RUNNING, "running",                                                    \
	  TD_EDGE(READY) | TD_EDGE(WAITING) | TD_EDGE(ENDING) | TD_EDGE(ENDED))  \
	X(WAITING, "waiting", TD_EDGE(READY) | TD_EDGE(ENDING) | TD_EDGE(ENDED)) \
	X(ENDING, "ending", TD_EDGE(ENDED))                                      \
	X(ENDED, "ended", 0)

enum td_task_state {
#define TD_STATE_ENUM(name, text, edges) TD_TASK_##name,
	TD_TASK_STATES(TD_STATE_ENUM)
#undef TD_STATE_ENUM
};

#endif
