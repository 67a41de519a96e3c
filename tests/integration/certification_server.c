/* SPDX-License-Identifier: MIT */
/*
 * A server of org.varlink.certification on our Varlink layer, for the clients of others:
 *
 *	certification_server INTERFACE-FILE COMMAND [ARGUMENT...]
 *
 * makes a socket in a folder of its own, runs the command with the address ("unix:/...") as its
 * last argument, serves it until it ends, and exits with 0 when it ended with 0 and had called
 * everything in order with the right arguments.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "wire/json.h"
#include "wire/peer.h"
#include "wire/service.h"

#define PEERS_MAX 8
#define TEXT_MAX 65536 /* bytes of the interface file */
#define CLIENT_ID "client-1"
#define STRUCT \
	"{\"bool\":false,\"int\":2,\"float\":3.141592653589793,\"string\":\"a lot of string\"}"
#define MAP "{\"bar\":\"Bar\",\"foo\":\"Foo\"}"
#define SET "{\"one\":{},\"two\":{},\"three\":{}}"
#define MY_TYPE                                                                               \
	"{\"object\":{\"method\":\"org.varlink.certification.Test09\",\"parameters\":{"       \
	"\"map\":{\"foo\":\"Foo\",\"bar\":\"Bar\"}}},\"enum\":\"two\",\"struct\":{"           \
	"\"first\":1,\"second\":\"2\"},\"array\":[\"one\",\"two\",\"three\"],\"dictionary\":" \
	"{\"foo\":\"Foo\",\"bar\":\"Bar\"},\"stringset\":" SET ",\"nullable\":null,"          \
	"\"nullable_array_struct\":null,\"interface\":{\"foo\":[null,{\"foo\":\"foo\","       \
	"\"bar\":\"bar\"},null,{\"one\":\"foo\",\"two\":\"bar\"}],\"anon\":{\"foo\":true,"    \
	"\"bar\":false}}}"

struct step {
	const char *method; /* without the interface */
	const char *wants;  /* the parameters, but for client_id */
	const char *reply;
};

static const struct step steps[] = {
	{"Start", "{}", "{\"client_id\":\"" CLIENT_ID "\"}"},
	{"Test01", "{}", "{\"bool\":true}"},
	{"Test02", "{\"bool\":true}", "{\"int\":1}"},
	{"Test03", "{\"int\":1}", "{\"float\":1.0}"},
	{"Test04", "{\"float\":1.0}", "{\"string\":\"ping\"}"},
	{"Test05", "{\"string\":\"ping\"}", STRUCT},
	{"Test06", STRUCT, "{\"struct\":" STRUCT "}"},
	{"Test07", "{\"struct\":" STRUCT "}", "{\"map\":" MAP "}"},
	{"Test08", "{\"map\":" MAP "}", "{\"set\":" SET "}"},
	{"Test09", "{\"set\":" SET "}", "{\"mytype\":" MY_TYPE "}"},
	{"Test10", "{\"mytype\":" MY_TYPE "}", "{\"string\":\"Reply number 10\"}"},
	{"Test11",
	 "{\"last_more_replies\":[\"Reply number 1\",\"Reply number 2\",\"Reply number 3\","
	 "\"Reply number 4\",\"Reply number 5\",\"Reply number 6\",\"Reply number 7\","
	 "\"Reply number 8\",\"Reply number 9\",\"Reply number 10\"]}",
	 NULL},
	{"End", "{}", "{\"all_ok\":true}"},
};

struct connection {
	int fd; /* -1: free */
	struct td_peer *peer;
};

struct server {
	struct td_service *service;
	struct connection connections[PEERS_MAX];
	size_t n_steps; /* done so far */
	bool is_wrong;
};

/* --- the tests --- */

static bool equal(const struct td_json *a, const struct td_json *b);

static bool equal_members(const struct td_json *a, const struct td_json *b)
{
	const struct td_json *member;

	/* Null and absent are the same. */
	TD_JSON_FOREACH (member, a)
		if (strcmp(td_json_key(member), "client_id") != 0 &&
		    !equal(member, td_json_get(b, td_json_key(member))))
			return false;
	TD_JSON_FOREACH (member, b)
		if (td_json_type(member) != TD_JSON_NULL &&
		    td_json_get(a, td_json_key(member)) == NULL)
			return false;
	return true;
}

static bool equal_numbers(const struct td_json *a, const struct td_json *b)
{
	double x = 0, y = 1;

	return td_json_float(a, NULL, &x) > 0 && td_json_float(b, NULL, &y) > 0 && !(x < y) &&
	       !(x > y);
}

static bool equal(const struct td_json *a, const struct td_json *b)
{
	enum td_json_type type = td_json_type(a);

	if (type == TD_JSON_INT || type == TD_JSON_FLOAT)
		return equal_numbers(a, b);
	if (type != td_json_type(b))
		return false;
	if (type == TD_JSON_STRING)
		return strcmp(td_json_text_or(a, NULL, ""), td_json_text_or(b, NULL, "")) == 0;
	if (type == TD_JSON_BOOL)
		return td_json_bool_or(a, NULL, false) == td_json_bool_or(b, NULL, true);
	if (type == TD_JSON_OBJECT)
		return equal_members(a, b);
	for (a = td_json_first(a), b = td_json_first(b); a != NULL && b != NULL;
	     a = td_json_next(a), b = td_json_next(b))
		if (!equal(a, b))
			return false;
	return a == NULL && b == NULL;
}

static bool fits_step(const struct td_call *call, const struct step *step)
{
	const char *method = strrchr(td_call_method(call), '.') + 1;
	bool is_start = strcmp(step->method, "Start") == 0;
	const char *id = td_json_text_or(td_call_parameters(call), "client_id", "");
	struct td_json *wants = NULL;
	bool fits;

	if (td_json_parse(step->wants, strlen(step->wants), &wants, NULL) < 0)
		return false;
	fits = strcmp(method, step->method) == 0 && strcmp(id, is_start ? "" : CLIENT_ID) == 0 &&
	       equal_members(td_call_parameters(call), wants) &&
	       td_call_wants_more(call) == (strcmp(method, "Test10") == 0) &&
	       td_call_is_oneway(call) == (strcmp(method, "Test11") == 0);
	td_json_free(wants);
	return fits;
}

static int handle(struct td_call *call, struct td_failure *failure, void *data)
{
	struct server *server = data;
	const struct step *step;

	(void)failure;
	if (server->n_steps >= TD_ARRAY_SIZE(steps) || !fits_step(call, &steps[server->n_steps])) {
		fprintf(stderr, "# %s was not expected, or not with these parameters\n",
			td_call_method(call));
		server->is_wrong = true;
		td_call_error(call, "org.varlink.certification.CertificationError",
			      "{\"wants\":{},\"got\":{}}");
		return 0;
	}
	step = &steps[server->n_steps++];
	for (int i = 1; strcmp(step->method, "Test10") == 0 && i < 10; i++) {
		char *reply = td_mem_printf("{\"string\":\"Reply number %d\"}", i);

		td_call_notify(call, reply);
		td_mem_free(reply);
	}
	td_call_reply(call, step->reply);
	return 0;
}

static struct td_service *make_service(const char *file, struct server *server)
{
	static const struct td_service_info info = {.vendor = "taskd",
						    .product = "certification server",
						    .version = "1",
						    .url = "",
						    .error_interface = "org.varlink.certification"};
	struct td_service *service = td_service_new(&info);
	struct td_failure failure = {.code = 0};
	char text[TEXT_MAX], name[64];
	FILE *stream = fopen(file, "r");
	size_t n = stream != NULL ? fread(text, 1, sizeof(text) - 1, stream) : 0;

	if (stream != NULL)
		fclose(stream);
	text[n] = '\0';
	if (service == NULL || td_service_add_interface(service, text, &failure) < 0) {
		fprintf(stderr, "# %s: %s\n", file, failure.text);
		exit(2);
	}
	td_service_check_replies(service, true);
	for (size_t i = 0; i < TD_ARRAY_SIZE(steps); i++) {
		struct td_method method = {.name = name, .handler = handle};

		snprintf(name, sizeof(name), "org.varlink.certification.%s", steps[i].method);
		if (td_service_add_methods(service, &method, 1, server, &failure) < 0) {
			fprintf(stderr, "# %s\n", failure.text);
			exit(2);
		}
	}
	return service;
}

/* --- the sockets --- */

static void on_ready(struct td_peer *peer, void *data)
{
	/* The loop asks td_peer_backlog() anyway. */
	(void)peer;
	(void)data;
}

static void drop(struct connection *connection)
{
	connection->peer = td_peer_free(connection->peer);
	connection->fd = td_fd_close(connection->fd);
}

static void read_from(struct connection *connection)
{
	char bytes[4096];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || td_peer_receive(connection->peer, bytes, (size_t)n) < 0)
		drop(connection);
}

static void write_to(struct connection *connection)
{
	const char *bytes;
	ssize_t sent;
	size_t n;

	td_peer_output(connection->peer, &bytes, &n);
	sent = send(connection->fd, bytes, n, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0 || td_peer_consumed(connection->peer, (size_t)sent) < 0)
		drop(connection);
}

static void accept_one(struct server *server, int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct connection *connection = &server->connections[i];

		if (connection->fd >= 0)
			continue;
		connection->peer = td_peer_new(server->service, on_ready, NULL);
		if (connection->peer == NULL || td_fd_prepare(fd) < 0)
			break;
		connection->fd = fd;
		return;
	}
	td_fd_close(fd);
}

/* Serves until `ended` is readable: the command closes it by its end. */
static void serve(struct server *server, int listener, int ended)
{
	struct pollfd polled[PEERS_MAX + 2];

	for (;;) {
		polled[PEERS_MAX] = (struct pollfd){.fd = listener, .events = POLLIN};
		polled[PEERS_MAX + 1] = (struct pollfd){.fd = ended, .events = POLLIN};
		for (size_t i = 0; i < PEERS_MAX; i++) {
			struct connection *connection = &server->connections[i];
			bool has_output =
				connection->fd >= 0 && td_peer_backlog(connection->peer) > 0;

			polled[i] =
				(struct pollfd){.fd = connection->fd,
						.events = has_output ? POLLIN | POLLOUT : POLLIN};
		}
		if (poll(polled, PEERS_MAX + 2, -1) < 0 && errno != EINTR)
			return;
		for (size_t i = 0; i < PEERS_MAX; i++) {
			if (polled[i].fd >= 0 && (polled[i].revents & POLLOUT))
				write_to(&server->connections[i]);
			else if (polled[i].fd >= 0 && polled[i].revents != 0)
				read_from(&server->connections[i]);
		}
		if (polled[PEERS_MAX].revents != 0)
			accept_one(server, listener);
		if (polled[PEERS_MAX + 1].revents != 0)
			return;
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, PEERS_MAX) < 0 || td_fd_prepare(fd) < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

/* Starts the command. Returns: a descriptor that is closed by its end. */
static int start(char **words, int n_words, const char *path, pid_t *ret_child)
{
	int ends[2];

	if (pipe(ends) < 0)
		return -1;
	*ret_child = fork();
	if (*ret_child == 0) {
		char **command = td_mem_array((size_t)n_words + 2, sizeof(char *));
		char *address = td_mem_printf("unix:%s", path);

		for (int i = 0; i < n_words; i++)
			command[i] = words[i];
		command[n_words] = address;
		close(ends[0]);
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	close(ends[1]);
	return ends[0];
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/taskd-certification-XXXXXX", path[64];
	struct server server = {.n_steps = 0};
	int listener, ended, status = -1;
	pid_t child = -1;

	if (argc < 3)
		return 2;
	for (size_t i = 0; i < PEERS_MAX; i++)
		server.connections[i].fd = -1;
	server.service = make_service(argv[1], &server);
	if (mkdtemp(folder) == NULL)
		return 2;
	snprintf(path, sizeof(path), "%s/socket", folder);
	listener = listen_at(path);
	ended = start(argv + 2, argc - 2, path, &child);
	if (child > 0 && ended >= 0) {
		serve(&server, listener, ended);
		if (waitpid(child, &status, 0) != child)
			status = -1;
	}
	unlink(path);
	rmdir(folder);
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (server.connections[i].fd >= 0)
			drop(&server.connections[i]);
	td_service_free(server.service);
	td_fd_close(listener);
	td_fd_close(ended);
	if (server.n_steps != TD_ARRAY_SIZE(steps))
		fprintf(stderr, "# %zu of %zu calls came\n", server.n_steps, TD_ARRAY_SIZE(steps));
	return status == 0 && !server.is_wrong && server.n_steps == TD_ARRAY_SIZE(steps) ? 0 : 1;
}
