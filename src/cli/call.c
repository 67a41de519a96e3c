/* SPDX-License-Identifier: MIT */
/* Calls of the daemon, and the exit codes of what can go wrong. */
#include "cli/call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <taskd/types.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"

#define CLIENTS_MAX 4 /* connections that one verb waits for */
#define SYSTEM_SOCKET "/run/taskd/" TD_CALL_INTERFACE

int64_t td_call_now(void)
{
	struct timespec now;

	td_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return now.tv_sec * TASKD_SEC + now.tv_nsec;
}

/* The socket to talk to. Owns: the caller frees it. Returns: NULL when out of memory. */
static char *find_socket(const struct td_cli *cli)
{
	const char *named = cli->socket ? cli->socket : getenv("TASKD_SOCKET");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *own;

	if (named != NULL && named[0] != '\0')
		return td_mem_strdup(named);
	if (geteuid() != 0 && runtime != NULL && runtime[0] == '/') {
		own = td_mem_printf("%s/taskd/" TD_CALL_INTERFACE, runtime);
		if (own == NULL || access(own, F_OK) == 0)
			return own;
		td_mem_free(own);
	}
	return td_mem_strdup(SYSTEM_SOCKET);
}

/* How long one answer may take: by --timeout, or else a while. */
static int64_t answer_time(const struct td_cli *cli)
{
	int64_t left_ns;

	if (cli->deadline_ns == INT64_MAX)
		return cli->timeout_ns < 0 ? TD_CALL_QUESTION_NS : TASKD_FOREVER;
	left_ns = cli->deadline_ns - td_call_now();
	return left_ns > 0 ? left_ns : 0;
}

static int say_late(struct td_cli *cli, const char *waited_for)
{
	int64_t timeout_ns = cli->timeout_ns < 0 ? TD_CALL_QUESTION_NS : cli->timeout_ns;
	char text[TD_DURATION_TEXT];

	return td_cli_error(cli, TD_EXIT_TIMED_OUT, "%s: timed out after %s", waited_for,
			    td_duration_print(timeout_ns, text));
}

int td_call_connect(struct td_cli *cli, struct td_client **ret_client)
{
	struct td_failure failure = {0};
	char *socket = find_socket(cli);
	int r, code;

	if (socket == NULL)
		return td_cli_error(cli, TD_EXIT_FAILED, "out of memory");
	r = td_client_connect(socket, answer_time(cli), ret_client, &failure);
	if (r == 0)
		code = TD_EXIT_DONE;
	else if (td_client_is_absent(r))
		code = td_cli_error(cli, TD_EXIT_NO_DAEMON,
				    "no daemon answers on %s: %s; start taskd, or name its socket "
				    "with --socket or TASKD_SOCKET",
				    socket, strerror(-r));
	else if (r == -EACCES || r == -EPERM)
		code = td_cli_error(cli, TD_EXIT_REFUSED,
				    "not permitted to connect to %s: %s; try as root or as the "
				    "user that runs taskd",
				    socket, strerror(-r));
	else if (r == -TASKD_ETIMEDOUT)
		code = say_late(cli, socket);
	else if (r == -TASKD_EINVAL)
		code = td_cli_error(cli, TD_EXIT_USAGE, "%s", failure.text);
	else
		code = td_cli_error(cli, TD_EXIT_NO_DAEMON, "no daemon on %s: %s", socket,
				    failure.text);
	td_mem_free(socket);
	return code;
}

static char *full_name(const char *method)
{
	return strchr(method, '.') ? td_mem_strdup(method)
				   : td_mem_printf(TD_CALL_INTERFACE ".%s", method);
}

static const char *text_of(const struct td_strbuf *parameters)
{
	return parameters ? td_strbuf_text(parameters) : NULL;
}

static int broken(struct td_cli *cli, int r, const struct td_failure *failure)
{
	if (r == -TASKD_ETIMEDOUT)
		return say_late(cli, "the daemon does not answer");
	/* A daemon that goes away is no daemon; everything else is an answer of no use. */
	return td_cli_error(cli,
			    r == -ECONNRESET || r == -EPIPE ? TD_EXIT_NO_DAEMON : TD_EXIT_FAILED,
			    "%s", failure->text);
}

int td_call_ask(struct td_cli *cli, struct td_client *client, const char *method,
		const struct td_strbuf *parameters, struct td_reply *ret_reply)
{
	struct td_failure failure = {0};
	char *full = full_name(method);
	int r;

	if (full == NULL || (parameters != NULL && !td_strbuf_ok(parameters)))
		r = td_fail(&failure, -TASKD_ENOMEM, "", "out of memory");
	else
		r = td_client_call(client, full, text_of(parameters), TD_CLIENT_PLAIN,
				   answer_time(cli), ret_reply, &failure);
	td_mem_free(full);
	return r < 0 ? broken(cli, r, &failure) : td_call_check(cli, ret_reply);
}

int td_call_show(struct td_cli *cli, const char *method, const struct td_strbuf *parameters,
		 int (*print)(struct td_cli *cli, const struct td_json *reply, void *data),
		 void *data)
{
	struct td_client *client = NULL;
	struct td_reply reply;
	int code = td_call_connect(cli, &client);

	if (code == TD_EXIT_DONE)
		code = td_call_ask(cli, client, method, parameters, &reply);
	if (code == TD_EXIT_DONE)
		code = cli->json ? td_cli_print_json(cli, reply.parameters)
				 : print(cli, reply.parameters, data);
	td_client_free(client);
	return code;
}

int td_call_send(struct td_cli *cli, struct td_client *client, const char *method,
		 const struct td_strbuf *parameters, unsigned flags)
{
	struct td_failure failure = {0};
	char *full = full_name(method);
	int r;

	if (full == NULL || (parameters != NULL && !td_strbuf_ok(parameters)))
		r = td_fail(&failure, -TASKD_ENOMEM, "", "out of memory");
	else
		r = td_client_send(client, full, text_of(parameters), flags, answer_time(cli),
				   &failure);
	td_mem_free(full);
	return r < 0 ? broken(cli, r, &failure) : TD_EXIT_DONE;
}

/* Takes what the signalfd has. Returns: whether the wait is over. */
static bool take_signals(struct td_cli *cli)
{
	struct signalfd_siginfo info;

	while (read(cli->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			cli->resized = true;
		else
			cli->caught = (int)info.ssi_signo;
	}
	return cli->caught != 0 || cli->resized;
}

/* Takes a reply that is there already. Returns: whether there was something to return. */
static bool take_reply(struct td_cli *cli, struct td_client *const *clients, size_t n,
		       size_t *ret_which, struct td_reply *ret_reply, enum td_call_event *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct td_failure failure = {0};
		int r;

		if (clients[i] == NULL)
			continue;
		r = td_client_next(clients[i], 0, ret_reply, &failure);
		if (r == -TASKD_ETIMEDOUT)
			continue;
		*ret_which = i;
		*ret = r > 0 ? TD_CALL_REPLY : r == 0 ? TD_CALL_ENDED : TD_CALL_BROKEN;
		if (r < 0)
			cli->broken = broken(cli, r, &failure);
		return true;
	}
	return false;
}

/* Sleeps until something can be read, or `until_ns`. */
static void wait_readable(struct td_cli *cli, struct td_client *const *clients, size_t n,
			  int64_t until_ns)
{
	/* A negative descriptor is skipped by poll(2). */
	struct pollfd fds[CLIENTS_MAX + 2] = {
		{.fd = cli->signals, .events = POLLIN},
		{.fd = cli->stream ? cli->out : -1, .events = 0},
	};
	int64_t left_ns = until_ns - td_call_now();
	struct timespec left = {.tv_sec = left_ns > 0 ? left_ns / TASKD_SEC : 0,
				.tv_nsec = left_ns > 0 ? left_ns % TASKD_SEC : 0};

	td_assert(n <= CLIENTS_MAX);
	for (size_t i = 0; i < n; i++)
		fds[i + 2] = (struct pollfd){
			.fd = clients[i] ? td_client_fd(clients[i]) : -1,
			.events = POLLIN,
		};
	if (ppoll(fds, n + 2, until_ns == INT64_MAX ? NULL : &left, NULL) <= 0)
		return;
	/* A pipe without a reader: there is no need to wait for the next thing to print. */
	if (fds[1].revents & (POLLERR | POLLHUP))
		cli->closed = true;
}

enum td_call_event td_call_wait(struct td_cli *cli, struct td_client *const *clients, size_t n,
				int64_t until_ns, size_t *ret_which, struct td_reply *ret_reply)
{
	enum td_call_event event = TD_CALL_PAUSE;

	for (;;) {
		int64_t now_ns;

		if (cli->signals >= 0 && take_signals(cli))
			return cli->caught != 0 ? TD_CALL_INTERRUPTED : TD_CALL_PAUSE;
		if (cli->stream && cli->closed)
			return TD_CALL_ENDED;
		if (take_reply(cli, clients, n, ret_which, ret_reply, &event))
			return event;
		now_ns = td_call_now();
		if (now_ns >= cli->deadline_ns)
			return TD_CALL_LATE;
		if (now_ns >= until_ns)
			return TD_CALL_PAUSE;
		wait_readable(cli, clients, n,
			      until_ns < cli->deadline_ns ? until_ns : cli->deadline_ns);
	}
}

int td_call_exit(struct td_cli *cli, enum td_call_event event, const char *waited_for)
{
	switch (event) {
	case TD_CALL_REPLY:
	case TD_CALL_PAUSE:
		break;
	case TD_CALL_ENDED:
		if (cli->closed)
			break;
		return td_cli_error(cli, TD_EXIT_FAILED, "%s: the daemon ended the stream",
				    waited_for);
	case TD_CALL_LATE:
		return say_late(cli, waited_for);
	case TD_CALL_INTERRUPTED:
		return TD_EXIT_FAILED;
	case TD_CALL_BROKEN:
		return cli->broken;
	}
	return TD_EXIT_DONE;
}

int td_call_leave(struct td_cli *cli, enum td_call_event event, const char *waited_for,
		  const char *goes_on)
{
	char text[TD_DURATION_TEXT];

	if (event == TD_CALL_LATE)
		return td_cli_error(cli, TD_EXIT_TIMED_OUT, "timed out after %s: %s",
				    td_duration_print(cli->timeout_ns, text), goes_on);
	if (event == TD_CALL_INTERRUPTED)
		return td_cli_error(cli, TD_EXIT_FAILED, "interrupted: %s", goes_on);
	return td_call_exit(cli, event, waited_for);
}

/* What the errors of the two interfaces mean to a script. */
static const struct {
	const char *error;
	int code;
} error_exits[] = {
	{TD_CALL_INTERFACE ".InvalidArgument", TD_EXIT_USAGE},
	{TD_CALL_INTERFACE ".OutOfMemory", TD_EXIT_FAILED},
	{TD_CALL_INTERFACE ".Cancelled", TD_EXIT_FAILED},
	{TD_CALL_INTERFACE ".Timeout", TD_EXIT_TIMED_OUT},
	{TD_CALL_INTERFACE ".GroupClosed", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".NameTaken", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".NoSuchGroup", TD_EXIT_NO_SUCH},
	{TD_CALL_INTERFACE ".NoSuchTask", TD_EXIT_NO_SUCH},
	{TD_CALL_INTERFACE ".NoSuchPlugin", TD_EXIT_NO_SUCH},
	{TD_CALL_INTERFACE ".AtCapacity", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".ForcedAbort", TD_EXIT_FAILED},
	{TD_CALL_INTERFACE ".NotSupported", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".NotPermitted", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".OutsideTask", TD_EXIT_FAILED},
	{TD_CALL_INTERFACE ".BadPlugin", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".BadConfig", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".BadMessage", TD_EXIT_FAILED},
	{TD_CALL_INTERFACE ".Busy", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".ShuttingDown", TD_EXIT_REFUSED},
	{TD_CALL_INTERFACE ".Condemned", TD_EXIT_FAILED},
	{"org.varlink.service.InterfaceNotFound", TD_EXIT_NO_SUCH},
	{"org.varlink.service.MethodNotFound", TD_EXIT_NO_SUCH},
	{"org.varlink.service.MethodNotImplemented", TD_EXIT_REFUSED},
	{"org.varlink.service.InvalidParameter", TD_EXIT_USAGE},
	{"org.varlink.service.PermissionDenied", TD_EXIT_REFUSED},
	{"org.varlink.service.ExpectedMore", TD_EXIT_USAGE},
};

int td_call_exit_of(const char *error)
{
	for (size_t i = 0; i < TD_ARRAY_SIZE(error_exits); i++)
		if (strcmp(error_exits[i].error, error) == 0)
			return error_exits[i].code;
	return TD_EXIT_FAILED;
}

int td_call_why_absent(struct td_cli *cli, struct td_client *client, const char *path)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);
	struct td_failure failure = {0};
	struct td_reply reply;
	bool there;

	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "path", path);
	td_json_end_object(&w);
	there = td_strbuf_ok(&text) &&
		td_client_call(client, TD_CALL_INTERFACE ".Get", text_of(&text), TD_CLIENT_PLAIN,
			       answer_time(cli), &reply, &failure) == 0 &&
		reply.error == NULL && td_json_get(reply.parameters, "task") != NULL;
	td_strbuf_fini(&text);
	return there ? TD_EXIT_FAILED : TD_EXIT_NO_SUCH;
}

int td_call_check(struct td_cli *cli, const struct td_reply *reply)
{
	const char *message = td_json_text_or(reply->parameters, "message", NULL);
	const char *parameter = td_json_text_or(reply->parameters, "parameter", NULL);
	const char *method = td_json_text_or(reply->parameters, "method", NULL);
	const char *interface = td_json_text_or(reply->parameters, "interface", NULL);
	int code;

	if (reply->error == NULL)
		return TD_EXIT_DONE;
	code = td_call_exit_of(reply->error);
	if (message != NULL)
		return td_cli_error(cli, code, "%s", message);
	if (parameter != NULL)
		return td_cli_error(cli, code, "the daemon does not accept the parameter '%s'",
				    parameter);
	if (method != NULL || interface != NULL)
		return td_cli_error(cli, code, "the daemon has no %s '%s'",
				    method ? "method" : "interface", method ? method : interface);
	if (strcmp(reply->error, "org.varlink.service.PermissionDenied") == 0)
		return td_cli_error(cli, code, "not permitted");
	if (strcmp(reply->error, "org.varlink.service.ExpectedMore") == 0)
		return td_cli_error(cli, code, "this method answers more than once: use --more");
	return td_cli_error(cli, code, "the daemon answered with the error %s", reply->error);
}
