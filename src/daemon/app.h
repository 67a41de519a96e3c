/* SPDX-License-Identifier: MIT */
/*
 * The daemon as a whole: it owns all parts, starts them in order and ends them in reverse. All of
 * it but the runtime's own threads runs on the control thread, which is the main thread.
 */
#ifndef TD_DAEMON_APP_H
#define TD_DAEMON_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/runtime.h"
#include "core/stop.h"
#include "daemon/config.h"
#include "daemon/inbox.h"
#include "daemon/options.h"
#include "plugin/loader.h"

struct td_control;
struct td_log;
struct td_loop;
struct td_sd;
struct td_signal;
struct td_timer;
struct td_world;

/* Exit status of taskd; documented in taskd(8). */
enum { TD_EXIT_OK = 0, TD_EXIT_FAILED = 1, TD_EXIT_USAGE = 2, TD_EXIT_CONDEMNED = 3 };

enum td_app_state { TD_APP_STARTING, TD_APP_RUNNING, TD_APP_STOPPING };

struct td_app {
	const struct td_options *options;
	enum td_app_state state;
	struct td_config *config; /* owned */
	struct td_loader *loader; /* owned */
	struct td_loop *loop;     /* owned: of the control thread */
	struct td_inbox inbox;
	struct td_world *world;                  /* owned */
	struct td_runtime *rt;                   /* owned */
	struct td_sd *sd;                        /* owned */
	struct td_log *log;                      /* owned */
	struct td_control *control;              /* owned */
	struct td_signal *signals[4];            /* owned */
	struct td_timer *watchdog, *last_resort; /* owned */
	bool events_pending; /* atomic: the control thread knows that there are events */
	int64_t started_usec;
	uint32_t n_left_out; /* tasks of the configuration whose plugin was refused */
	int status;          /* that the process will exit with */
	bool reported;       /* the report of the end was printed */
};

/* Runs taskd as the options say. Returns: the exit status. Blocks: until it is to end. */
int td_app_run(const struct td_options *options);

/*
 * Begins the end: stops the root group (grace negative: the configured one), then ends the loop.
 * `done` (may be NULL) is told, in the control thread, when all has ended; the report is lent.
 * Idempotent: a later call can only shorten. Returns: 0 or -TASKD_ENOMEM. Thread: control.
 */
int td_app_shutdown(struct td_app *app, taskd_nsec grace, struct td_reason *reason,
		    void (*done)(const struct td_stop *stop, void *data), void *data);

/* Appends what stands in the way of a clean bill of health, as texts; returns how many. */
#define TD_DEGRADED_MAX 8
size_t td_app_degraded(struct td_app *app, char texts[TD_DEGRADED_MAX][160]);

#endif
