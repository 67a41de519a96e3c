/* SPDX-License-Identifier: MIT */
/* Accepting is bounded in total and per user; one connection too many is told so, and closed. */
#include "daemon/control.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "daemon/sd.h"
#include "daemon/session.h"
#include "loop/loop.h"
#include "wire/interfaces.h"
#include "wire/json.h"
#include "wire/peer.h"

#define BACKLOG 128                     /* connections that wait to be accepted */
#define ACCEPT_BATCH 32                 /* accepted in one go */
#define ACCEPT_PAUSE (100 * TASKD_MSEC) /* when no descriptor can be had */

/* ---- the service ------------------------------------------------------------------------ */

static const struct td_service_info service_info = {
	.vendor = "taskd",
	.product = "taskd",
	.version = VERSION,
	.url = "",
	.error_interface = TD_MANAGER_INTERFACE,
};

static size_t count_methods(const struct td_method *methods)
{
	size_t n = 0;

	while (methods[n].name)
		n++;
	return n;
}

static int make_service(struct td_control *control, struct td_failure *failure)
{
	const struct td_method *const tables[] = {td_methods_events, td_methods_system,
						  td_methods_task, td_methods_tree};
	char missing[128];
	int r;

	control->service = td_service_new(&service_info);
	if (!control->service)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the control service");
	r = td_service_add_interface(control->service, td_interface_io_taskd_Manager, failure);
	for (size_t i = 0; i < TD_ARRAY_SIZE(tables) && r == 0; i++)
		r = td_service_add_methods(control->service, tables[i], count_methods(tables[i]),
					   control->app, failure);
	if (r == 0)
		td_assert(!td_service_missing(control->service, missing, sizeof(missing)));
#ifdef TD_CHECK_REPLIES
	td_service_check_replies(control->service, true);
#endif
	return r;
}

/* ---- accepting -------------------------------------------------------------------------- */

static uint32_t count_of_user(const struct td_control *control, uid_t uid)
{
	const struct td_session *session;
	uint32_t n = 0;

	TD_LIST_FOREACH (session, &control->sessions, link)
		n += session->uid == uid;
	return n;
}

/* Returns: 0, or the limit that is reached, in `failure`. */
static int check_limits(const struct td_control *control, int fd, struct td_failure *failure)
{
	const struct td_config_daemon *limits = &control->app->config->daemon;
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (control->n_sessions >= limits->max_connections)
		return td_fail(failure, -TASKD_EBUSY, NULL,
			       "%u clients are connected, as many as max-connections allows",
			       control->n_sessions);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return td_fail(failure, -errno, NULL, "nobody knows who the client is");
	if (count_of_user(control, credentials.uid) >= limits->max_connections_per_user)
		return td_fail(failure, -TASKD_EBUSY, NULL,
			       "%u clients of user %u are connected, as many as "
			       "max-connections-per-user allows",
			       count_of_user(control, credentials.uid), (unsigned)credentials.uid);
	return 0;
}

/* Answers the first call, which need not have come yet, and says it in the log once until there is
 * room again. */
static void refuse(struct td_control *control, int fd, const struct td_failure *failure)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);

	control->n_refused++;
	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "error", TD_MANAGER_INTERFACE ".Busy");
	td_json_begin_object(&w, "parameters");
	td_json_add_string(&w, "message", failure->text);
	td_json_end_object(&w);
	td_json_end_object(&w);
	td_strbuf_addc(&text, '\0');
	if (td_strbuf_ok(&text))
		(void)!send(fd, text.text, text.length, MSG_DONTWAIT | MSG_NOSIGNAL);
	td_strbuf_fini(&text);
	if (!control->is_full) {
		struct td_thread *t = td_enter();

		td_emit(control->app->rt, TD_EVENT_DAEMON, TASKD_WARNING, NULL, NULL,
			"a client was refused: %s", failure->text);
		td_leave(t);
	}
	control->is_full = true;
}

static void on_pause_over(void *data)
{
	struct td_control *control = data;

	(void)td_io_set(control->io, TD_IO_READ);
}

static void on_connection(int fd, int events, void *data)
{
	struct td_control *control = data;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct td_failure failure = {0};
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
			    errno == ENOBUFS) {
				/* It stays readable: without a pause we would spin. */
				(void)td_io_set(control->io, 0);
				td_timer_start(control->pause, ACCEPT_PAUSE);
			}
			return;
		}
		if (check_limits(control, client, &failure) < 0) {
			refuse(control, client, &failure);
		} else if (td_session_new(control, client) == 0) {
			control->n_accepted++;
			continue;
		}
		td_fd_close(client);
	}
}

/* ---- the socket ------------------------------------------------------------------------- */

static int find_group(struct td_control *control, struct td_failure *failure)
{
	const char *name = control->app->config->daemon.socket_group;
	const struct group *group;

	control->group = (gid_t)-1;
	if (!name)
		return 0;
	group = getgrnam(name);
	if (!group)
		return td_fail(failure, -TASKD_ECONFIG, name,
			       "socket-group = %s: the system has no such group", name);
	control->group = group->gr_gid;
	return 0;
}

/* A file left behind by a daemon that died may go; one that answers may not. */
static int clear_place(const char *path, const struct sockaddr_un *address,
		       struct td_failure *failure)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	bool answers;

	if (lstat(path, &st) < 0) {
		td_fd_close(fd);
		return 0;
	}
	if (!S_ISSOCK(st.st_mode)) {
		td_fd_close(fd);
		return td_fail(failure, -EEXIST, path,
			       "%s is in the way of the control socket, and is no socket", path);
	}
	answers = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	td_fd_close(fd);
	if (answers)
		return td_fail(failure, -EADDRINUSE, path,
			       "another taskd listens on %s; stop it, or give --socket", path);
	(void)unlink(path);
	return 0;
}

static int bind_socket(struct td_control *control, const char *path, struct td_failure *failure)
{
	const struct td_config_daemon *config = &control->app->config->daemon;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t old;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return td_fail(failure, -ENAMETOOLONG, path, "%s is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (mkdir(control->app->options->runtime_dir, 0755) < 0 && errno != EEXIST)
		return td_fail(failure, -errno, path, "cannot make %s for the control socket: %s",
			       control->app->options->runtime_dir, strerror(errno));
	r = clear_place(path, &address, failure);
	if (r < 0)
		return r;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	old = umask(0777); /* nobody connects before mode and group are right */
	r = control->fd < 0 ? -1 : bind(control->fd, (struct sockaddr *)&address, sizeof(address));
	umask(old);
	if (r < 0)
		return td_fail(failure, -errno, path, "cannot bind the control socket %s: %s", path,
			       strerror(errno));
	control->unlink = true;
	if (control->group != (gid_t)-1 && chown(path, (uid_t)-1, control->group) < 0)
		return td_fail(failure, -errno, path, "cannot give %s to group %s: %s", path,
			       config->socket_group, strerror(errno));
	if (chmod(path, (mode_t)config->socket_mode) < 0 || listen(control->fd, BACKLOG) < 0)
		return td_fail(failure, -errno, path, "cannot listen on %s: %s", path,
			       strerror(errno));
	return 0;
}

static int open_socket(struct td_control *control, struct td_failure *failure)
{
	int r = td_sd_listen("varlink", &control->fd, failure);

	if (r == 0 && control->fd < 0)
		r = bind_socket(control, control->app->options->socket_path, failure);
	if (r < 0)
		return r;
	control->pause = td_timer_new(control->app->loop, on_pause_over, control);
	control->io =
		td_io_new(control->app->loop, control->fd, TD_IO_READ, on_connection, control);
	if (!control->io || !control->pause)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the control socket");
	return 0;
}

int td_control_new(struct td_app *app, struct td_control **ret_control, struct td_failure *failure)
{
	struct td_control *control = td_mem_new(sizeof(*control));
	int r;

	if (!control)
		return td_fail(failure, -TASKD_ENOMEM, NULL, "no memory for the control socket");
	control->app = app;
	control->fd = -1;
	td_list_init(&control->sessions);
	r = find_group(control, failure);
	if (r == 0)
		r = make_service(control, failure);
	if (r == 0)
		r = open_socket(control, failure);
	if (r < 0) {
		td_control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

struct td_control *td_control_free(struct td_control *control)
{
	struct td_session *session, *next;

	if (!control)
		return NULL;
	TD_LIST_FOREACH_SAFE (session, next, &control->sessions, link)
		td_session_attend(session);
	TD_LIST_FOREACH_SAFE (session, next, &control->sessions, link)
		td_session_free(session);
	td_io_free(control->io);
	td_timer_free(control->pause);
	if (control->unlink)
		(void)unlink(control->app->options->socket_path);
	td_fd_close(control->fd);
	td_service_free(control->service);
	return td_mem_free(control);
}

void td_control_pump(struct td_control *control)
{
	struct td_session *session, *next;

	TD_LIST_FOREACH_SAFE (session, next, &control->sessions, link) {
		if (session->stream)
			td_session_attend(session);
	}
}
