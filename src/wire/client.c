/* SPDX-License-Identifier: MIT */
/*
 * The blocking client: poll(2) with a deadline around a non-blocking socket. A connection on which
 * anything went wrong answers every later call with the same error; it is never used half.
 */
#include "wire/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "wire/frame.h"
#include "wire/json.h"
#include "wire/scan.h"

#define MAGIC 0x636c6e74u
#define READ_SIZE 65536 /* bytes */
#define NSEC_PER_SEC INT64_C(1000000000)

struct td_client {
	uint32_t magic;
	int fd; /* owned */
	struct td_frame input;
	struct td_json *reply;    /* owned; the one that was handed out last */
	struct td_failure broken; /* code 0: the connection is good */
	bool busy;                /* replies of a call are awaited */
	bool more;                /* that call asked for many */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static int64_t deadline_after(int64_t timeout_ns)
{
	int64_t deadline;

	if (__builtin_add_overflow(now_ns(), timeout_ns, &deadline))
		return TASKD_FOREVER;
	return deadline;
}

/* What is left of a time, at least 0. */
static int64_t left_until(int64_t deadline)
{
	int64_t left;

	if (deadline == TASKD_FOREVER)
		return TASKD_FOREVER;
	left = deadline - now_ns();
	return left > 0 ? left : 0;
}

bool td_client_is_absent(int error)
{
	return error == -ENOENT || error == -ECONNREFUSED;
}

/* --- connecting --- */

static int fill_address(const char *path, struct sockaddr_un *address, socklen_t *length,
			struct td_failure *failure)
{
	size_t n = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (n == 0 || n >= sizeof(address->sun_path))
		return td_fail(failure, -TASKD_EINVAL, path,
			       "the path of a socket has 1 to %zu bytes, this has %zu: %s",
			       sizeof(address->sun_path) - 1, n, path);
	memcpy(address->sun_path, path, n);
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	if (path[0] == '@') {
		/* An abstract name begins with a NUL and does not end with one. */
		address->sun_path[0] = '\0';
		(*length)--;
	}
	return 0;
}

/*
 * connect(2) of a Unix socket waits while the queue of the server is full; SO_SNDTIMEO limits that,
 * and poll(2) cannot.
 */
static int connect_until(int fd, const struct sockaddr_un *address, socklen_t length,
			 int64_t deadline)
{
	for (;;) {
		int64_t left = left_until(deadline);
		struct timeval limit = {.tv_usec = 1}; /* 0 would mean no limit */

		if (left == TASKD_FOREVER)
			limit = (struct timeval){0};
		else if (left >= 1000)
			limit = (struct timeval){.tv_sec = left / NSEC_PER_SEC,
						 .tv_usec = left % NSEC_PER_SEC / 1000};
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)address, length) == 0)
			return 0;
		if (errno == EAGAIN)
			return -TASKD_ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int tell_connect(int r, const char *path, struct td_failure *failure)
{
	if (td_client_is_absent(r))
		return td_fail(failure, r, path, "no daemon listens on %s: %s", path,
			       taskd_strerror(r));
	if (r == -TASKD_ETIMEDOUT)
		return td_fail(failure, r, path, "no answer from %s: its queue stays full", path);
	return td_fail(failure, r, path, "cannot connect to %s: %s", path, taskd_strerror(r));
}

int td_client_connect(const char *path, int64_t timeout_ns, struct td_client **ret_client,
		      struct td_failure *failure)
{
	int64_t deadline = deadline_after(timeout_ns);
	struct sockaddr_un address;
	socklen_t length = 0;
	int fd, r = fill_address(path, &address, &length, failure);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return td_fail(failure, -errno, path, "cannot make a socket: %s",
			       taskd_strerror(errno));
	r = connect_until(fd, &address, length, deadline);
	if (r < 0) {
		td_fd_close(fd);
		return tell_connect(r, path, failure);
	}
	return td_client_attach(fd, ret_client, failure);
}

int td_client_attach(int fd, struct td_client **ret_client, struct td_failure *failure)
{
	struct td_client *client = td_mem_new(sizeof(*client));
	int r = client != NULL ? td_fd_prepare(fd) : -TASKD_ENOMEM;

	if (r < 0) {
		td_mem_free(client);
		td_fd_close(fd);
		return td_fail(failure, r, NULL, "cannot use the socket: %s", taskd_strerror(r));
	}
	client->fd = fd;
	client->input = TD_FRAME_INIT(TD_CLIENT_MESSAGE_MAX);
	client->magic = MAGIC;
	*ret_client = client;
	return 0;
}

struct td_client *td_client_free(struct td_client *client)
{
	if (client == NULL)
		return NULL;
	TD_CHECK(client, MAGIC);
	client->magic = 0;
	td_fd_close(client->fd);
	td_frame_fini(&client->input);
	td_json_free(client->reply);
	return td_mem_free(client);
}

int td_client_fd(const struct td_client *client)
{
	TD_CHECK(client, MAGIC);
	return client->fd;
}

/* --- sending --- */

/* Ends the use of the connection; `text` says why. */
static int break_off(struct td_client *client, int code, const char *text)
{
	client->busy = false;
	return td_fail(&client->broken, code, NULL, "%s", text);
}

/* Hands the reason for which the connection is broken to the caller. */
static int tell_broken(const struct td_client *client, struct td_failure *failure)
{
	return td_fail(failure, client->broken.code, NULL, "%s", client->broken.text);
}

/* Waits for POLLIN or POLLOUT. Returns: 0; -TASKD_ETIMEDOUT; -errno. */
static int wait_for(const struct td_client *client, short events, int64_t deadline)
{
	struct pollfd watched = {.fd = client->fd, .events = events};

	for (;;) {
		int64_t left = left_until(deadline);
		struct timespec limit = {.tv_sec = left / NSEC_PER_SEC,
					 .tv_nsec = left % NSEC_PER_SEC};
		int n = ppoll(&watched, 1, left != TASKD_FOREVER ? &limit : NULL, NULL);

		if (n > 0)
			return 0;
		if (n == 0)
			return -TASKD_ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int break_lost(struct td_client *client, int code)
{
	if (code == -ECONNRESET || code == -EPIPE)
		return break_off(client, -ECONNRESET, "the daemon closed the connection");
	return break_off(client, code, taskd_strerror(code));
}

static int send_all(struct td_client *client, const char *bytes, size_t n, int64_t deadline)
{
	while (n > 0) {
		ssize_t sent = send(client->fd, bytes, n, MSG_NOSIGNAL);
		int r;

		if (sent >= 0) {
			bytes += sent;
			n -= (size_t)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return break_lost(client, -errno);
		r = wait_for(client, POLLOUT, deadline);
		/* A call that was sent in part can be neither finished nor taken back. */
		if (r == -TASKD_ETIMEDOUT)
			return break_off(client, r, "the daemon did not take the call in time");
		if (r < 0)
			return break_lost(client, r);
	}
	return 0;
}

/* Texts from the user are checked here, where the error can say what is wrong with them. */
static int check_parameters(const char *parameters, struct td_failure *failure)
{
	struct td_failure why = {.code = 0};
	int r = td_scan(parameters, strlen(parameters), &why);

	if (r == -TASKD_ENOMEM)
		return td_fail(failure, r, NULL, "%s", why.text);
	if (r < 0)
		return td_fail(failure, -TASKD_EINVAL, "parameters",
			       "the parameters are no JSON: %s", why.text);
	if (parameters[strspn(parameters, " \t\r\n")] != '{')
		return td_fail(failure, -TASKD_EINVAL, "parameters",
			       "the parameters are not a JSON object");
	return 0;
}

static void write_call(struct td_strbuf *out, const char *method, const char *parameters,
		       unsigned flags)
{
	struct td_json_writer w = TD_JSON_WRITER_INIT(out);

	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "method", method);
	if (parameters != NULL)
		td_json_add_raw(&w, "parameters", parameters);
	if (flags & TD_CLIENT_MORE)
		td_json_add_bool(&w, "more", true);
	if (flags & TD_CLIENT_ONEWAY)
		td_json_add_bool(&w, "oneway", true);
	td_json_end_object(&w);
	td_strbuf_addc(out, '\0');
}

int td_client_send(struct td_client *client, const char *method, const char *parameters,
		   unsigned flags, int64_t timeout_ns, struct td_failure *failure)
{
	int64_t deadline = deadline_after(timeout_ns);
	struct td_strbuf out = TD_STRBUF_INIT;
	int r;

	TD_CHECK(client, MAGIC);
	if (client->broken.code < 0)
		return tell_broken(client, failure);
	if (client->busy)
		return td_fail(failure, -TASKD_EBUSY, method, "another call is under way");
	r = parameters != NULL ? check_parameters(parameters, failure) : 0;
	if (r < 0)
		return r;
	write_call(&out, method, parameters, flags);
	if (!td_strbuf_ok(&out)) {
		td_strbuf_fini(&out);
		return td_fail(failure, -TASKD_ENOMEM, method, "out of memory for the call");
	}
	r = send_all(client, out.text, out.length, deadline);
	td_strbuf_fini(&out);
	if (r == -ECONNRESET && !(flags & TD_CLIENT_ONEWAY)) {
		/* Who closed may have said why: what is there to be read is looked at first. */
		client->broken.code = 0;
		r = 0;
	}
	if (r < 0)
		return tell_broken(client, failure);
	client->busy = !(flags & TD_CLIENT_ONEWAY);
	client->more = (flags & TD_CLIENT_MORE) != 0;
	return 0;
}

/* --- receiving --- */

/* Reads what is there. Returns: 1: something came; 0: nothing yet; an error. */
static int read_some(struct td_client *client)
{
	char bytes[READ_SIZE];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

	if (n == 0)
		return break_lost(client, -ECONNRESET);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : break_lost(client, -errno);
	if (td_frame_add(&client->input, bytes, (size_t)n) < 0)
		return break_off(client, -TASKD_ENOMEM, "out of memory for the reply");
	return 1;
}

/* Reads the header of a message. Returns: what is wrong with it, or NULL. */
static const char *read_header(const struct td_client *client, struct td_reply *reply)
{
	if (td_json_type(client->reply) != TD_JSON_OBJECT)
		return "a reply is not an object";
	if (td_json_string(client->reply, "error", &reply->error) < 0)
		return "'error' is not a string";
	if (td_json_object(client->reply, "parameters", &reply->parameters) < 0)
		return "'parameters' is not an object";
	if (td_json_bool(client->reply, "continues", &reply->continues) < 0)
		return "'continues' is not a bool";
	if (reply->continues && reply->error != NULL)
		return "an error cannot continue";
	if (reply->continues && !client->more)
		return "many replies to a call that asked for one";
	return NULL;
}

static int take_reply(struct td_client *client, const char *text, size_t length,
		      struct td_reply *ret_reply)
{
	struct td_failure why = {.code = 0};
	struct td_reply reply = {.error = NULL};
	const char *wrong = why.text;
	int r = td_json_parse(text, length, &client->reply, &why);

	if (r == 0)
		wrong = read_header(client, &reply);
	if (r == -TASKD_ENOMEM)
		return break_off(client, r, why.text);
	if (wrong != NULL) {
		client->busy = false;
		return td_fail(&client->broken, -TASKD_EPROTO, NULL,
			       "the daemon broke the protocol: %s", wrong);
	}
	client->busy = reply.continues;
	*ret_reply = reply;
	return 1;
}

int td_client_next(struct td_client *client, int64_t timeout_ns, struct td_reply *ret_reply,
		   struct td_failure *failure)
{
	int64_t deadline = deadline_after(timeout_ns);
	const char *text;
	size_t length;
	int r;

	TD_CHECK(client, MAGIC);
	if (client->broken.code < 0)
		return tell_broken(client, failure);
	if (!client->busy)
		return 0;
	client->reply = td_json_free(client->reply);
	for (;;) {
		r = td_frame_next(&client->input, &text, &length);
		if (r > 0)
			r = take_reply(client, text, length, ret_reply);
		else if (r < 0)
			break_off(client, r, "the daemon broke the protocol: a reply is too large");
		if (r != 0)
			break;
		/* What is there is read even when no time is left. */
		r = read_some(client);
		if (r == 0)
			r = wait_for(client, POLLIN, deadline);
		if (r == -TASKD_ETIMEDOUT)
			return td_fail(failure, r, NULL, "no reply came in time");
		if (r < 0)
			break;
	}
	if (r > 0)
		return r;
	if (client->broken.code == 0)
		break_lost(client, r);
	return tell_broken(client, failure);
}

int td_client_call(struct td_client *client, const char *method, const char *parameters,
		   unsigned flags, int64_t timeout_ns, struct td_reply *ret_reply,
		   struct td_failure *failure)
{
	int64_t deadline = deadline_after(timeout_ns);
	int r = td_client_send(client, method, parameters, flags, timeout_ns, failure);

	if (r < 0)
		return r;
	if (flags & TD_CLIENT_ONEWAY) {
		*ret_reply = (struct td_reply){.error = NULL};
		return 0;
	}
	r = td_client_next(client, left_until(deadline), ret_reply, failure);
	if (r == -TASKD_ETIMEDOUT)
		break_off(client, r, "an earlier call was not answered in time");
	return r < 0 ? r : 0;
}

int td_client_stream(struct td_client *client, const char *method, const char *parameters,
		     int64_t timeout_ns, td_client_callback *callback, void *data,
		     struct td_failure *failure)
{
	struct td_reply reply;
	int r = td_client_send(client, method, parameters, TD_CLIENT_MORE, timeout_ns, failure);

	while (r == 0) {
		r = td_client_next(client, timeout_ns, &reply, failure);
		if (r <= 0)
			break;
		r = callback(&reply, data);
	}
	return r;
}
