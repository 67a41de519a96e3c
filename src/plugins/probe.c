/* SPDX-License-Identifier: MIT */
/*
 * Asks whether a service answers: connects to a TCP or Unix socket, may send a text, may look for
 * another in the answer. The time limit covers the whole of it. Names of hosts are resolved by a
 * helper on a thread, since the C library blocks for that.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <taskd/plugin.h>

#include "plugins/offload.h"

#define MAX_ADDRESSES 8
#define ANSWER_BYTES 65536 /* in which the expected text is looked for */
#define QUOTED_BYTES 60    /* of an unexpected answer in the message */
#define DOWN 1             /* the code of the outcome when the service does not answer */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} to;
	socklen_t length;
};

struct probe {
	int fd; /* owned; -1: none */
	taskd_nsec end;
	const char *target;
	struct address addresses[MAX_ADDRESSES];
	size_t n_addresses;
	size_t answer_length;
	char answer[ANSWER_BYTES];
};

static void probe_close(void *arg)
{
	struct probe *probe = arg;

	if (probe->fd >= 0)
		(void)close(probe->fd);
	probe->fd = -1;
}

/* The service is down: the status and the outcome say at which step and why. */
static int down(const char *step, const char *why)
{
	taskd_status("down, %s: %s", step, why);
	return taskd_fail(DOWN, "%s: %s", step, why);
}

/* Waits for the socket within the time limit of the probe. 0, or the error of taskd_wait_fd(). */
static int wait_for(const struct probe *probe, int events)
{
	taskd_nsec left = probe->end - taskd_now();
	int r = left > 0 ? taskd_wait_fd(probe->fd, events, left) : -TASKD_ETIMEDOUT;

	return r < 0 ? r : 0;
}

/* Names the time limit when that was it. */
static const char *why(int error)
{
	return error == -TASKD_ETIMEDOUT ? "no answer in time" : taskd_strerror(error);
}

/* ---- address ---------------------------------------------------------------------------- */

struct host_lookup {
	char host[256], port[32];
	int error; /* of getaddrinfo(3) */
	struct address addresses[MAX_ADDRESSES];
	size_t n_addresses;
};

static void look_up(struct host_lookup *lookup, int flags)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
	struct addrinfo *list = NULL;

	lookup->error = getaddrinfo(lookup->host, lookup->port, &hints, &list);
	if (lookup->error != 0)
		return;
	for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
		if (lookup->n_addresses == MAX_ADDRESSES)
			break;
		if (at->ai_addrlen > sizeof(lookup->addresses[0].to))
			continue;
		memcpy(&lookup->addresses[lookup->n_addresses].to, at->ai_addr, at->ai_addrlen);
		lookup->addresses[lookup->n_addresses++].length = at->ai_addrlen;
	}
	freeaddrinfo(list);
}

/* On a thread: the answer comes from the network. */
static void look_up_name(void *data)
{
	look_up(data, 0);
}

/* Splits "host:port" or "[host]:port". */
static bool split_host(const char *text, struct host_lookup *lookup)
{
	const char *colon = strrchr(text, ':');
	size_t length;

	if (colon == NULL || colon[1] == '\0' || strlen(colon + 1) >= sizeof(lookup->port))
		return false;
	length = (size_t)(colon - text);
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	} else if (memchr(text, ':', length) != NULL) {
		return false; /* an IPv6 address needs its brackets */
	}
	if (length == 0 || length >= sizeof(lookup->host))
		return false;
	memcpy(lookup->host, text, length);
	(void)snprintf(lookup->port, sizeof(lookup->port), "%s", colon + 1);
	return true;
}

static int find_host(struct probe *probe, const char *text)
{
	struct host_lookup *lookup = offload_new(sizeof(*lookup));
	taskd_nsec left;
	int r;

	if (lookup == NULL)
		return -TASKD_ENOMEM;
	if (!split_host(text, lookup))
		return taskd_fail(-TASKD_EINVAL, "address: \"%s\" is not tcp:HOST:PORT",
				  probe->target);
	look_up(lookup, AI_NUMERICHOST | AI_NUMERICSERV);
	if (lookup->error == EAI_NONAME) {
		left = probe->end - taskd_now();
		r = offload_run(lookup, "host-lookup", look_up_name, left > 0 ? left : 0);
		if (r == -TASKD_ETIMEDOUT)
			return down("resolve", why(r));
		if (r < 0)
			return r;
	}
	if (lookup->error != 0)
		return down("resolve", gai_strerror(lookup->error));
	memcpy(probe->addresses, lookup->addresses, sizeof(probe->addresses));
	probe->n_addresses = lookup->n_addresses;
	return 0;
}

static int find_address(struct probe *probe)
{
	struct address *address = &probe->addresses[0];
	const char *path;

	if (strncmp(probe->target, "tcp:", 4) == 0)
		return find_host(probe, probe->target + 4);
	path = probe->target + 5;
	if (strncmp(probe->target, "unix:", 5) != 0 || path[0] != '/')
		return taskd_fail(-TASKD_EINVAL,
				  "address: \"%s\" is neither tcp:HOST:PORT nor unix:/PATH",
				  probe->target);
	if (strlen(path) >= sizeof(address->to.un.sun_path))
		return taskd_fail(-TASKD_EINVAL, "address: the path has more than %zu bytes",
				  sizeof(address->to.un.sun_path) - 1);
	address->to.un.sun_family = AF_UNIX;
	memcpy(address->to.un.sun_path, path, strlen(path) + 1);
	address->length = sizeof(address->to.un);
	probe->n_addresses = 1;
	return 0;
}

/* ---- connection ------------------------------------------------------------------------- */

/* Returns: 0; -TASKD_ETIMEDOUT and -TASKD_ECANCELED; -errno. */
static int connect_to(struct probe *probe, const struct address *address)
{
	socklen_t size = sizeof(int);
	int error = 0, r;

	probe->fd =
		socket(address->to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd < 0)
		return -errno;
	if (connect(probe->fd, &address->to.any, address->length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno; /* EAGAIN: the queue of a Unix socket is full */
	r = wait_for(probe, TASKD_WRITABLE);
	if (r < 0)
		return r;
	if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

static int connect_to_any(struct probe *probe)
{
	int r = -EADDRNOTAVAIL;

	for (size_t i = 0; i < probe->n_addresses; i++) {
		probe_close(probe);
		r = connect_to(probe, &probe->addresses[i]);
		if (r == 0 || r == -TASKD_ECANCELED || r == -TASKD_ETIMEDOUT)
			break;
	}
	if (r == -EAGAIN)
		return down("connect", "its queue of connections is full");
	return r == 0 || r == -TASKD_ECANCELED ? r : down("connect", why(r));
}

/* ---- conversation ----------------------------------------------------------------------- */

/* What a letter behind a backslash stands for. */
static char unescaped(char letter)
{
	switch (letter) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	default:
		return letter;
	}
}

/* Resolves \r \n \t \0 \\ in place, since a configuration cannot hold them. Returns the length. */
static size_t unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		char c = *at;

		if (c == '\\' && at[1] != '\0') {
			at++;
			c = unescaped(*at);
		}
		*to++ = c;
	}
	*to = '\0';
	return (size_t)(to - text);
}

static int send_text(struct probe *probe)
{
	char *text = taskd_strdup(taskd_param_string("send"));
	size_t left, sent = 0;

	if (text == NULL)
		return -TASKD_ENOMEM;
	left = unescape(text);
	while (left > 0) {
		ssize_t n = send(probe->fd, text + sent, left, MSG_NOSIGNAL);
		int r = 0;

		if (n < 0 && errno == EAGAIN)
			r = wait_for(probe, TASKD_WRITABLE);
		else if (n < 0 && errno != EINTR)
			r = -errno;
		if (r < 0)
			return r == -TASKD_ECANCELED ? r : down("send", why(r));
		sent += n > 0 ? (size_t)n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Says what came instead, shortened and without control characters. */
static int unexpected(const struct probe *probe, const char *reason)
{
	char quoted[QUOTED_BYTES + 1];
	size_t n = probe->answer_length < QUOTED_BYTES ? probe->answer_length : QUOTED_BYTES;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)probe->answer[i];

		quoted[i] = c >= 0x20 && c < 0x7F ? (char)c : '.';
	}
	quoted[n] = '\0';
	if (n == 0)
		return down("expect", reason);
	taskd_status("down, expect: %s", reason);
	return taskd_fail(DOWN, "expect: %s, after \"%s\"", reason, quoted);
}

static int expect_text(struct probe *probe)
{
	char *text = taskd_strdup(taskd_param_string("expect"));
	size_t length;

	if (text == NULL)
		return -TASKD_ENOMEM;
	length = unescape(text);
	for (;;) {
		ssize_t n = recv(probe->fd, probe->answer + probe->answer_length,
				 sizeof(probe->answer) - probe->answer_length, 0);
		int r = 0;

		if (n < 0 && errno == EAGAIN)
			r = wait_for(probe, TASKD_READABLE);
		else if (n < 0 && errno != EINTR)
			r = -errno;
		if (r < 0)
			return r == -TASKD_ECANCELED ? r : unexpected(probe, why(r));
		if (n == 0)
			return unexpected(probe, "the connection was closed");
		probe->answer_length += n > 0 ? (size_t)n : 0;
		if (memmem(probe->answer, probe->answer_length, text, length) != NULL)
			return 0;
		if (probe->answer_length == sizeof(probe->answer))
			return unexpected(probe, "64 KiB came without the text");
	}
}

static int run(taskd_self *self, void *arg)
{
	struct probe *probe = taskd_alloc(sizeof(*probe));
	taskd_nsec begin = taskd_now(), took;
	int r;

	(void)self;
	(void)arg;
	if (probe == NULL)
		return -TASKD_ENOMEM;
	probe->fd = -1;
	probe->end = begin + taskd_param_integer("within");
	probe->target = taskd_param_string("address");
	r = taskd_defer(probe_close, probe);
	if (r == 0)
		r = find_address(probe);
	if (r == 0)
		r = connect_to_any(probe);
	if (r == 0 && taskd_param_string("send") != NULL)
		r = send_text(probe);
	if (r == 0 && taskd_param_string("expect") != NULL)
		r = expect_text(probe);
	if (r != 0)
		return r;
	took = taskd_now() - begin;
	taskd_status("up, %lld.%02lldms", (long long)(took / TASKD_MSEC),
		     (long long)(took % TASKD_MSEC / (TASKD_MSEC / 100)));
	return 0;
}

static const struct taskd_param params[] = {
	{.name = "address",
	 .type = TASKD_PARAM_STRING,
	 .flags = TASKD_PARAM_REQUIRED,
	 .help = "What to connect to: tcp:HOST:PORT, tcp:[IPV6]:PORT or unix:/PATH."},
	{.name = "within",
	 .type = TASKD_PARAM_DURATION,
	 .fallback = "5s",
	 .min = TASKD_MSEC,
	 .max = 3600 * TASKD_SEC,
	 .help = "How long the whole probe may take, looking up the name included."},
	{.name = "send",
	 .type = TASKD_PARAM_STRING,
	 .help = "A text to send once connected; \\r, \\n, \\t, \\0 and \\\\ mean what they mean "
		 "in C."},
	{.name = "expect",
	 .type = TASKD_PARAM_STRING,
	 .help = "A text that the answer must contain, written as in `send`."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "probe", .version = "1.0", .summary = "asks whether a socket answers",
	     .params = params, .run = run);
