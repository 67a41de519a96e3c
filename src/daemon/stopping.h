/* SPDX-License-Identifier: MIT */
/* Stops asked for from outside: the report of the core, brought to the control thread. */
#ifndef TD_DAEMON_STOPPING_H
#define TD_DAEMON_STOPPING_H

#include "base/strbuf.h"

#include "core/stop.h"
#include "daemon/inbox.h"

struct td_group;

/*
 * Stops a group; done(stop, data) is called in the control thread when it is closed, with the
 * report, which is lent. Returns: 0 or -TASKD_ENOMEM. Thread: control, under the lock.
 */
int td_stopping_begin(struct td_inbox *inbox, struct td_group *group, taskd_nsec grace,
		      struct td_reason *reason,
		      void (*done)(const struct td_stop *stop, void *data), void *data);

/* Writes a report for people. */
void td_stopping_print(struct td_strbuf *text, const struct td_stop *stop);

#endif
