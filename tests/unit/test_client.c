/* SPDX-License-Identifier: MIT */
/*
 * Tests of wire/client.h. The server is the other end of a socket pair, into which the test has
 * written the replies before they are asked for; so nothing waits and nothing races.
 */
#include "wire/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "tdtest.h"
#include "wire/json.h"

#define SHORT_NS (INT64_C(2) * TASKD_MSEC) /* for what is meant to time out */
#define LONG_NS (INT64_C(20) * TASKD_SEC)  /* for what is not */

struct world {
	struct td_client *client;
	int server; /* the other end */
	struct td_failure failure;
	struct td_reply reply;
};

static struct world *world_new(void)
{
	struct world *world = td_mem_new(sizeof(*world));
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	world->server = ends[1];
	ck_assert_int_eq(td_client_attach(ends[0], &world->client, &world->failure), 0);
	return world;
}

static void world_free(struct world *world)
{
	td_client_free(world->client);
	if (world->server >= 0)
		close(world->server);
	td_mem_free(world);
}

static void serve(struct world *world, const char *bytes, size_t n)
{
	ck_assert_int_eq(write(world->server, bytes, n), (ssize_t)n);
}

static int call(struct world *world, const char *method, const char *parameters, unsigned flags,
		int64_t timeout_ns)
{
	world->failure.code = 0;
	return td_client_call(world->client, method, parameters, flags, timeout_ns, &world->reply,
			      &world->failure);
}

START_TEST(a_call_is_sent_and_its_reply_is_read)
{
	static const char expected[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":1}}";
	static const char reply[] = "{\"parameters\":{\"y\":1763651234567890}}";
	struct world *world = world_new();
	char sent[200];

	serve(world, reply, sizeof(reply));
	ck_assert_int_eq(call(world, "a.b.C", "{\"x\":1}", 0, LONG_NS), 0);
	ck_assert_ptr_null(world->reply.error);
	ck_assert(!world->reply.continues);
	ck_assert_int_eq(td_json_int_or(world->reply.parameters, "y", 0), 1763651234567890);
	ck_assert_int_eq(read(world->server, sent, sizeof(sent)), sizeof(expected));
	ck_assert_mem_eq(sent, expected, sizeof(expected));
	/* And again, on the same connection. */
	serve(world, "{}", 3);
	ck_assert_int_eq(call(world, "a.b.D", NULL, 0, LONG_NS), 0);
	ck_assert_ptr_null(world->reply.parameters);
	world_free(world);
	ck_assert_ptr_null(td_client_free(NULL));
}
END_TEST

START_TEST(an_error_is_a_reply)
{
	static const char reply[] = "{\"error\":\"a.b.NoSuchThing\",\"parameters\":{\"t\":\"x\"}}";
	struct world *world = world_new();

	serve(world, reply, sizeof(reply));
	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), 0);
	ck_assert_str_eq(world->reply.error, "a.b.NoSuchThing");
	ck_assert_str_eq(td_json_text_or(world->reply.parameters, "t", ""), "x");
	ck_assert_int_eq(td_client_next(world->client, LONG_NS, &world->reply, NULL), 0);
	world_free(world);
}
END_TEST

static const char three[] = "{\"parameters\":{\"i\":1},\"continues\":true}\0"
			    "{\"parameters\":{\"i\":2},\"continues\":true}\0"
			    "{\"parameters\":{\"i\":3}}";

static int add_up(const struct td_reply *reply, void *data)
{
	int64_t *sum = data;

	*sum = *sum * 10 + td_json_int_or(reply->parameters, "i", 0);
	return *sum == 412 ? 77 : 0;
}

START_TEST(a_stream_hands_over_each_reply)
{
	struct world *world = world_new();
	int64_t sum = 0;
	char sent[200];
	ssize_t n;

	serve(world, three, sizeof(three));
	ck_assert_int_eq(td_client_stream(world->client, "a.b.C", NULL, LONG_NS, add_up, &sum,
					  &world->failure),
			 0);
	ck_assert_int_eq(sum, 123);
	n = read(world->server, sent, sizeof(sent));
	ck_assert_int_gt(n, 0);
	ck_assert_str_eq(sent, "{\"method\":\"a.b.C\",\"more\":true}");
	/* The callback may end it. */
	sum = 4;
	serve(world, three, sizeof(three));
	ck_assert_int_eq(td_client_stream(world->client, "a.b.C", NULL, LONG_NS, add_up, &sum,
					  &world->failure),
			 77);
	ck_assert_int_eq(sum, 412);
	world_free(world);
}
END_TEST

START_TEST(replies_are_taken_as_they_come)
{
	struct world *world = world_new();
	struct td_reply *reply = &world->reply;

	ck_assert_int_eq(td_client_next(world->client, 0, reply, NULL), 0);
	ck_assert_int_eq(
		td_client_send(world->client, "a.b.C", NULL, TD_CLIENT_MORE, LONG_NS, NULL), 0);
	ck_assert_int_eq(td_client_next(world->client, 0, reply, NULL), -TASKD_ETIMEDOUT);
	serve(world, three, 10);
	ck_assert_int_eq(td_client_next(world->client, 0, reply, NULL), -TASKD_ETIMEDOUT);
	serve(world, three + 10, sizeof(three) - 10);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(td_client_next(world->client, 0, reply, NULL), 1);
		ck_assert_int_eq(td_json_int_or(reply->parameters, "i", 0), i);
		ck_assert_int_eq(reply->continues, i < 3);
	}
	ck_assert_int_eq(td_client_next(world->client, 0, reply, NULL), 0);
	ck_assert_int_ge(td_client_fd(world->client), 0);
	world_free(world);
}
END_TEST

START_TEST(a_oneway_call_awaits_nothing)
{
	struct world *world = world_new();
	char sent[200];

	ck_assert_int_eq(call(world, "a.b.C", NULL, TD_CLIENT_ONEWAY, LONG_NS), 0);
	ck_assert_ptr_null(world->reply.parameters);
	ck_assert_int_gt(read(world->server, sent, sizeof(sent)), 0);
	ck_assert_str_eq(sent, "{\"method\":\"a.b.C\",\"oneway\":true}");
	ck_assert_int_eq(td_client_next(world->client, 0, &world->reply, NULL), 0);
	world_free(world);
}
END_TEST

START_TEST(a_call_that_timed_out_spoils_the_connection)
{
	struct world *world = world_new();

	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, SHORT_NS), -TASKD_ETIMEDOUT);
	ck_assert_str_eq(world->failure.text, "no reply came in time");
	serve(world, "{}", 3);
	ck_assert_int_eq(call(world, "a.b.D", NULL, 0, LONG_NS), -TASKD_ETIMEDOUT);
	ck_assert_str_eq(world->failure.text, "an earlier call was not answered in time");
	world_free(world);
}
END_TEST

START_TEST(a_call_that_nobody_takes_times_out)
{
	struct world *world = world_new();
	struct td_strbuf large = TD_STRBUF_INIT;

	td_strbuf_adds(&large, "{\"x\":\"");
	for (int i = 0; i < 4000000; i++)
		td_strbuf_addc(&large, 'x');
	td_strbuf_adds(&large, "\"}");
	ck_assert_int_eq(call(world, "a.b.C", td_strbuf_text(&large), 0, SHORT_NS),
			 -TASKD_ETIMEDOUT);
	ck_assert_str_eq(world->failure.text, "the daemon did not take the call in time");
	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), -TASKD_ETIMEDOUT);
	td_strbuf_fini(&large);
	world_free(world);
}
END_TEST

START_TEST(a_lost_connection_is_told)
{
	struct world *world = world_new();

	serve(world, "{\"para", 6);
	close(world->server);
	world->server = -1;
	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), -ECONNRESET);
	ck_assert_str_eq(world->failure.text, "the daemon closed the connection");
	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), -ECONNRESET);
	world_free(world);
}
END_TEST

START_TEST(a_server_that_breaks_the_protocol_is_told)
{
	static const char *const replies[] = {
		"",
		"hello",
		"[]",
		"{\"error\":5}",
		"{\"parameters\":[]}",
		"{\"parameters\":{},\"continues\":1}",
		"{\"error\":\"a.b.C\",\"continues\":true}",
		"{\"continues\":true}",
		"{\"parameters\":{\"a\":1,\"a\":2}}",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(replies); i++) {
		struct world *world = world_new();

		serve(world, replies[i], strlen(replies[i]) + 1);
		ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), -TASKD_EPROTO);
		ck_assert_ptr_nonnull(strstr(world->failure.text, "broke the protocol: "));
		ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), -TASKD_EPROTO);
		world_free(world);
	}
}
END_TEST

START_TEST(wrong_use_leaves_the_connection_good)
{
	struct world *world = world_new();

	ck_assert_int_eq(call(world, "a.b.C", "{\"x\":}", 0, LONG_NS), -TASKD_EINVAL);
	ck_assert_str_eq(world->failure.text,
			 "the parameters are no JSON: byte 5: expected a value");
	ck_assert_int_eq(call(world, "a.b.C", " [1]", 0, LONG_NS), -TASKD_EINVAL);
	ck_assert_int_eq(td_client_send(world->client, "a.b.C", NULL, 0, LONG_NS, NULL), 0);
	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), -TASKD_EBUSY);
	serve(world, "{}", 3);
	ck_assert_int_eq(td_client_next(world->client, LONG_NS, &world->reply, NULL), 1);
	serve(world, "{}", 3);
	ck_assert_int_eq(call(world, "a.b.C", " {}", 0, LONG_NS), 0);
	world_free(world);
}
END_TEST

START_TEST(a_large_reply_is_read)
{
	struct world *world = world_new();
	struct td_strbuf large = TD_STRBUF_INIT;
	pid_t child;
	int status;

	td_strbuf_adds(&large, "{\"parameters\":{\"x\":\"");
	for (int i = 0; i < 3000000; i++)
		td_strbuf_addc(&large, 'x');
	td_strbuf_adds(&large, "\"}}");
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		size_t left = large.length + 1;
		ssize_t n = 1;

		for (const char *at = large.text; left > 0 && n > 0; at += n, left -= (size_t)n)
			n = write(world->server, at, left);
		_exit(left == 0 ? 0 : 1);
	}
	ck_assert_int_eq(call(world, "a.b.C", NULL, 0, LONG_NS), 0);
	ck_assert_uint_eq(strlen(td_json_text_or(world->reply.parameters, "x", "")), 3000000);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	td_strbuf_fini(&large);
	world_free(world);
}
END_TEST

/* A bound socket in a folder of its own. */
static int bind_at(char folder[], struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_ptr_nonnull(mkdtemp(folder));
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/socket", folder);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
	return fd;
}

START_TEST(whether_a_daemon_is_there_is_seen)
{
	char folder[] = "/tmp/taskd-test-XXXXXX";
	struct td_failure failure = {.code = 0};
	struct td_client *client = NULL;
	struct sockaddr_un address;
	int fd = bind_at(folder, &address), r;

	r = td_client_connect(address.sun_path, LONG_NS, &client, &failure);
	ck_assert_int_eq(r, -ECONNREFUSED);
	ck_assert(td_client_is_absent(r));
	ck_assert_ptr_nonnull(strstr(failure.text, "no daemon listens on /tmp/taskd-test-"));
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(td_client_connect(address.sun_path, LONG_NS, &client, NULL), 0);
	td_client_free(client);
	close(fd);
	unlink(address.sun_path);
	r = td_client_connect(address.sun_path, TASKD_FOREVER, &client, NULL);
	ck_assert_int_eq(r, -ENOENT);
	ck_assert(td_client_is_absent(r));
	ck_assert(!td_client_is_absent(-EACCES));
	rmdir(folder);
}
END_TEST

START_TEST(a_full_queue_times_out)
{
	char folder[] = "/tmp/taskd-test-XXXXXX";
	struct td_client *clients[100] = {NULL};
	struct td_failure failure = {.code = 0};
	struct sockaddr_un address;
	int fd = bind_at(folder, &address), r = 0;

	ck_assert_int_eq(listen(fd, 0), 0);
	for (size_t i = 0; r == 0 && i < TD_ARRAY_SIZE(clients); i++)
		r = td_client_connect(address.sun_path, SHORT_NS, &clients[i], &failure);
	ck_assert_int_eq(r, -TASKD_ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(failure.text, "its queue stays full"));
	for (size_t i = 0; i < TD_ARRAY_SIZE(clients); i++)
		td_client_free(clients[i]);
	close(fd);
	unlink(address.sun_path);
	rmdir(folder);
}
END_TEST

START_TEST(a_path_must_fit_a_socket)
{
	struct td_client *client = NULL;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(td_client_connect(path, LONG_NS, &client, NULL), -TASKD_EINVAL);
	ck_assert_int_eq(td_client_connect("", LONG_NS, &client, NULL), -TASKD_EINVAL);
	snprintf(path, sizeof(path), "@taskd-test-%d", (int)getpid());
	ck_assert_int_eq(td_client_connect(path, LONG_NS, &client, NULL), -ECONNREFUSED);
}
END_TEST

TD_TEST_MAIN("client", a_call_is_sent_and_its_reply_is_read, an_error_is_a_reply,
	     a_stream_hands_over_each_reply, replies_are_taken_as_they_come,
	     a_oneway_call_awaits_nothing, a_call_that_timed_out_spoils_the_connection,
	     a_call_that_nobody_takes_times_out, a_lost_connection_is_told,
	     a_server_that_breaks_the_protocol_is_told, wrong_use_leaves_the_connection_good,
	     a_large_reply_is_read, whether_a_daemon_is_there_is_seen, a_full_queue_times_out,
	     a_path_must_fit_a_socket)
