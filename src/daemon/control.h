/* SPDX-License-Identifier: MIT */
/* The control socket: listens, accepts, counts connections, and keeps the service they talk to. */
#ifndef TD_DAEMON_CONTROL_H
#define TD_DAEMON_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/failure.h"
#include "base/list.h"
#include "daemon/app.h"
#include "wire/service.h"

struct td_session;

struct td_control {
	struct td_app *app;         /* borrowed */
	struct td_service *service; /* owned */
	struct td_io *io;           /* owned: accepts */
	struct td_timer *pause;     /* owned: while no descriptor can be had */
	int fd;                     /* owned */
	bool unlink;                /* we made the socket file */
	struct td_list sessions;    /* by td_session.link */
	uint32_t n_sessions;
	uint64_t n_accepted, n_refused;
	bool is_full; /* the last client was refused */
	gid_t group;  /* whose members may change things, beside root and us; -1: none */
};

/* Listens: on the socket that systemd passed, else on a new file. Thread: control. */
int td_control_new(struct td_app *app, struct td_control **ret_control, struct td_failure *failure);
/* Closes all connections after a last attempt to send what they wait for; removes the file. */
struct td_control *td_control_free(struct td_control *control);
/* There are new events: streams go on. */
void td_control_pump(struct td_control *control);

/* The methods, one table per noun; each ends with a NULL name. Data is the app. */
extern const struct td_method td_methods_events[], td_methods_system[], td_methods_task[],
	td_methods_tree[];

#endif
