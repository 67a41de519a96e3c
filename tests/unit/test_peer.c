/* SPDX-License-Identifier: MIT */
/* Tests of wire/service.h and wire/peer.h: bytes in, bytes out, by the rules of Varlink. */
#include "wire/peer.h"

#include <errno.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "tdtest.h"
#include "wire/frame.h"
#include "wire/idl.h"
#include "wire/interfaces.h"
#include "wire/service.h"

static const char interface_text[] = "interface org.example.test\n"
				     "method Echo(text: string, times: ?int) -> (text: string)\n"
				     "method Later() -> (n: int)\n"
				     "method Count(to: int) -> (i: int)\n"
				     "method Fail(code: int) -> ()\n"
				     "method Unwritten() -> ()\n"
				     "error InvalidArgument(message: string, subject: ?string)\n"
				     "error NoSuchGroup(message: string, group: string)\n"
				     "error OutOfMemory(message: string)\n"
				     "error System(message: string, number: int)\n"
				     "error Custom()\n";

struct world {
	struct td_service *service;
	struct td_peer *peer;
	struct td_call *late; /* answered by the test */
	struct td_strbuf got;
	int n_ready, n_gone, n_calls;
};

static int echo(struct td_call *call, struct td_failure *failure, void *data)
{
	struct world *world = data;
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);

	(void)failure;
	world->n_calls++;
	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "text", td_json_text_or(td_call_parameters(call), "text", ""));
	td_json_end_object(&w);
	if (!td_strbuf_ok(&text)) {
		td_strbuf_fini(&text);
		return -TASKD_ENOMEM;
	}
	td_call_reply(call, td_strbuf_text(&text));
	td_strbuf_fini(&text);
	return 0;
}

static void on_gone(struct td_call *call, void *data)
{
	struct world *world = data;

	ck_assert_ptr_eq(call, world->late);
	ck_assert_str_eq(td_call_method(call), "org.example.test.Later");
	world->late = NULL;
	world->n_gone++;
}

static int later(struct td_call *call, struct td_failure *failure, void *data)
{
	struct world *world = data;

	(void)failure;
	world->n_calls++;
	ck_assert_ptr_null(world->late);
	world->late = call;
	td_call_set_gone(call, on_gone, world);
	return 0;
}

static void write_i(struct td_json_writer *w, void *data)
{
	td_json_add_int(w, "i", *(int64_t *)data);
}

static int count(struct td_call *call, struct td_failure *failure, void *data)
{
	int64_t to = td_json_int_or(td_call_parameters(call), "to", 0);

	(void)failure;
	(void)data;
	for (int64_t i = 0; i < to; i++)
		td_call_notify_with(call, write_i, &i);
	td_call_reply_with(call, write_i, &to);
	return 0;
}

static int fail_as_told(struct td_call *call, struct td_failure *failure, void *data)
{
	int64_t code = td_json_int_or(td_call_parameters(call), "code", 0);

	(void)data;
	if (code == 0) {
		td_call_error(call, "org.example.test.Custom", NULL);
		return 0;
	}
	if (code == -TASKD_ENOMEM)
		return (int)code;
	return td_fail(failure, (int)code, "a.b", "it failed at %s", "a.b");
}

static void on_ready(struct td_peer *peer, void *data)
{
	struct world *world = data;

	ck_assert_ptr_eq(td_peer_data(peer), world);
	world->n_ready++;
}

static struct world *world_new(void)
{
	static const struct td_service_info info = {.vendor = "v",
						    .product = "p",
						    .version = "1",
						    .url = "u",
						    .error_interface = "org.example.test"};
	static const struct td_method methods[] = {
		{"org.example.test.Echo", echo, 0},
		{"org.example.test.Later", later, 0},
		{"org.example.test.Count", count, TD_METHOD_MORE},
		{"org.example.test.Fail", fail_as_told, 0},
	};
	struct world *world = td_mem_new(sizeof(*world));
	struct td_failure failure = {.code = 0};

	world->service = td_service_new(&info);
	td_service_check_replies(world->service, true);
	ck_assert_int_eq(td_service_add_interface(world->service, interface_text, &failure), 0);
	ck_assert_int_eq(td_service_add_methods(world->service, methods, TD_ARRAY_SIZE(methods),
						world, &failure),
			 0);
	world->peer = td_peer_new(world->service, on_ready, world);
	return world;
}

static void world_free(struct world *world)
{
	td_peer_free(world->peer);
	td_service_free(world->service);
	td_strbuf_fini(&world->got);
	td_mem_free(world);
}

/* One message, with its NUL. */
static int feed(struct world *world, const char *text)
{
	return td_peer_receive(world->peer, text, strlen(text) + 1);
}

/* Takes all output; each message becomes a line. */
static const char *drain(struct world *world)
{
	const char *bytes;
	size_t n;

	td_strbuf_reset(&world->got);
	for (td_peer_output(world->peer, &bytes, &n); n > 0;
	     td_peer_output(world->peer, &bytes, &n)) {
		for (size_t i = 0; i < n; i++)
			td_strbuf_addc(&world->got, bytes[i] != '\0' ? bytes[i] : '\n');
		ck_assert_int_eq(td_peer_consumed(world->peer, n), 0);
	}
	return td_strbuf_text(&world->got);
}

#define ECHO(text) "{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"" text "\"}}"
#define ECHOED(text) "{\"parameters\":{\"text\":\"" text "\"}}\n"
#define LATER "{\"method\":\"org.example.test.Later\"}"
#define LATER_DONE "{\"parameters\":{\"n\":7}}\n"

START_TEST(a_call_is_answered)
{
	struct world *world = world_new();

	ck_assert_int_eq(feed(world, ECHO("hello")), 0);
	ck_assert_int_eq(world->n_ready, 1);
	ck_assert_uint_gt(td_peer_backlog(world->peer), 0);
	ck_assert_str_eq(drain(world), ECHOED("hello"));
	ck_assert_uint_eq(td_peer_backlog(world->peer), 0);
	ck_assert(!td_peer_is_busy(world->peer));
	world_free(world);
}
END_TEST

START_TEST(pipelined_calls_are_answered_in_order)
{
	static const char calls[] =
		ECHO("1") "\0" ECHO("2") "\0" LATER "\0" ECHO("3") "\0" ECHO("4");
	struct world *world = world_new();

	ck_assert_int_eq(td_peer_receive(world->peer, calls, sizeof(calls)), 0);
	ck_assert_str_eq(drain(world), ECHOED("1") ECHOED("2"));
	ck_assert_int_eq(world->n_calls, 3);
	ck_assert(td_peer_is_busy(world->peer));
	world->n_ready = 0;
	td_call_reply(world->late, "{\"n\":7}");
	/* Those behind it do not run inside the answer, which may be given anywhere. */
	ck_assert_int_eq(world->n_calls, 3);
	ck_assert_int_eq(world->n_ready, 1);
	ck_assert_str_eq(drain(world), LATER_DONE ECHOED("3") ECHOED("4"));
	ck_assert_int_eq(world->n_gone, 0);
	world_free(world);
}
END_TEST

START_TEST(calls_may_come_byte_by_byte)
{
	static const char calls[] = ECHO("1") "\0" ECHO("2");
	struct world *world = world_new();

	for (size_t i = 0; i < sizeof(calls); i++)
		ck_assert_int_eq(td_peer_receive(world->peer, calls + i, 1), 0);
	ck_assert_str_eq(drain(world), ECHOED("1") ECHOED("2"));
	world_free(world);
}
END_TEST

START_TEST(output_may_be_taken_byte_by_byte)
{
	struct world *world = world_new();
	struct td_strbuf got = TD_STRBUF_INIT;
	const char *bytes;
	size_t n;

	ck_assert_int_eq(feed(world, ECHO("1")), 0);
	ck_assert_int_eq(feed(world, ECHO("2")), 0);
	for (td_peer_output(world->peer, &bytes, &n); n > 0;
	     td_peer_output(world->peer, &bytes, &n)) {
		td_strbuf_addc(&got, *bytes != '\0' ? *bytes : '\n');
		ck_assert_int_eq(td_peer_consumed(world->peer, 1), 0);
	}
	ck_assert_str_eq(td_strbuf_text(&got), ECHOED("1") ECHOED("2"));
	td_strbuf_fini(&got);
	world_free(world);
}
END_TEST

START_TEST(a_oneway_call_has_no_reply_not_even_an_error)
{
	static const char *const calls[] = {
		"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"x\"},"
		"\"oneway\":true}",
		"{\"method\":\"org.example.test.Echo\",\"oneway\":true}",
		"{\"method\":\"org.example.test.Nothing\",\"oneway\":true}",
		"{\"method\":\"nowhere.at.All\",\"oneway\":true}",
		"{\"method\":\"org.example.test.Count\",\"parameters\":{\"to\":1},\"oneway\":true}",
		"{\"method\":\"org.example.test.Fail\",\"parameters\":{\"code\":0},"
		"\"oneway\":true}",
		"{\"method\":\"org.example.test.Fail\",\"parameters\":{\"code\":-1007},"
		"\"oneway\":true}",
		"{\"method\":\"org.example.test.Later\",\"oneway\":true}",
	};
	struct world *world = world_new();

	for (size_t i = 0; i < TD_ARRAY_SIZE(calls); i++)
		ck_assert_int_eq(feed(world, calls[i]), 0);
	ck_assert_int_eq(world->n_calls, 2);
	ck_assert_int_eq(feed(world, ECHO("next")), 0);
	ck_assert_str_eq(drain(world), "");
	ck_assert_int_eq(world->n_ready, 0);
	td_call_reply(world->late, "{\"n\":7}");
	/* No output, but there is work to go on with. */
	ck_assert_int_eq(world->n_ready, 1);
	ck_assert_int_eq(td_peer_run(world->peer), 0);
	ck_assert_str_eq(drain(world), ECHOED("next"));
	world_free(world);
}
END_TEST

START_TEST(many_replies_end_with_one_that_does_not_continue)
{
	struct world *world = world_new();

	ck_assert_int_eq(feed(world, "{\"method\":\"org.example.test.Count\","
				     "\"parameters\":{\"to\":2},\"more\":true}"),
			 0);
	ck_assert_str_eq(drain(world), "{\"parameters\":{\"i\":0},\"continues\":true}\n"
				       "{\"parameters\":{\"i\":1},\"continues\":true}\n"
				       "{\"parameters\":{\"i\":2}}\n");
	ck_assert_int_eq(feed(world, "{\"method\":\"org.example.test.Count\","
				     "\"parameters\":{\"to\":2}}"),
			 0);
	ck_assert_str_eq(drain(world), "{\"error\":\"org.varlink.service.ExpectedMore\","
				       "\"parameters\":{}}\n");
	/* A method that does not need it may ignore it. */
	ck_assert_int_eq(feed(world, "{\"method\":\"org.example.test.Echo\",\"more\":true,"
				     "\"parameters\":{\"text\":\"x\"}}"),
			 0);
	ck_assert_str_eq(drain(world), ECHOED("x"));
	world_free(world);
}
END_TEST

START_TEST(a_late_call_with_more_goes_on_until_it_is_answered)
{
	struct world *world = world_new();

	ck_assert_int_eq(feed(world, "{\"method\":\"org.example.test.Later\",\"more\":true}"), 0);
	ck_assert(td_call_wants_more(world->late));
	ck_assert_ptr_eq(td_call_peer(world->late), world->peer);
	ck_assert_ptr_null(td_call_parameters(world->late));
	td_call_notify(world->late, "{\"n\":1}");
	ck_assert_str_eq(drain(world), "{\"parameters\":{\"n\":1},\"continues\":true}\n");
	td_call_notify(world->late, "{\"n\":2}");
	ck_assert_int_eq(world->n_ready, 2);
	td_call_reply(world->late, "{\"n\":7}");
	ck_assert_str_eq(drain(world),
			 "{\"parameters\":{\"n\":2},\"continues\":true}\n" LATER_DONE);
	world_free(world);
}
END_TEST

START_TEST(errors_of_the_protocol_name_what_is_wrong)
{
	static const struct {
		const char *call, *reply;
	} cases[] = {
		{"{\"method\":\"org.example.test.Nothing\"}",
		 "{\"error\":\"org.varlink.service.MethodNotFound\","
		 "\"parameters\":{\"method\":\"org.example.test.Nothing\"}}\n"},
		{"{\"method\":\"org.example.test.Unwritten\"}",
		 "{\"error\":\"org.varlink.service.MethodNotImplemented\","
		 "\"parameters\":{\"method\":\"org.example.test.Unwritten\"}}\n"},
		{"{\"method\":\"org.nowhere.Echo\"}",
		 "{\"error\":\"org.varlink.service.InterfaceNotFound\","
		 "\"parameters\":{\"interface\":\"org.nowhere\"}}\n"},
		{"{\"method\":\"Echo\"}", "{\"error\":\"org.varlink.service.MethodNotFound\","
					  "\"parameters\":{\"method\":\"Echo\"}}\n"},
		{"{\"method\":\"\"}", "{\"error\":\"org.varlink.service.MethodNotFound\","
				      "\"parameters\":{\"method\":\"\"}}\n"},
		{"{\"method\":\"org.example.test.Echo\"}",
		 "{\"error\":\"org.varlink.service.InvalidParameter\","
		 "\"parameters\":{\"parameter\":\"text\"}}\n"},
		{"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"x\",\"b\":1}}",
		 "{\"error\":\"org.varlink.service.InvalidParameter\","
		 "\"parameters\":{\"parameter\":\"b\"}}\n"},
		{"{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":5}}",
		 "{\"error\":\"org.varlink.service.InvalidParameter\","
		 "\"parameters\":{\"parameter\":\"text\"}}\n"},
		{"{\"method\":\"org.example.test.Later\",\"upgrade\":true}",
		 "{\"error\":\"org.varlink.service.InvalidParameter\","
		 "\"parameters\":{\"parameter\":\"upgrade\"}}\n"},
	};
	struct world *world = world_new();

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		ck_assert_int_eq(feed(world, cases[i].call), 0);
		ck_assert_str_eq(drain(world), cases[i].reply);
	}
	ck_assert_int_eq(world->n_calls, 0);
	world_free(world);
}
END_TEST

START_TEST(failures_become_errors_of_the_interface)
{
	static const struct {
		const char *code, *reply;
	} cases[] = {
		{"0", "{\"error\":\"org.example.test.Custom\",\"parameters\":{}}\n"},
		{"-1007", "{\"error\":\"org.example.test.NoSuchGroup\",\"parameters\":"
			  "{\"message\":\"it failed at a.b\",\"group\":\"a.b\"}}\n"},
		{"-1001", "{\"error\":\"org.example.test.InvalidArgument\",\"parameters\":"
			  "{\"message\":\"it failed at a.b\",\"subject\":\"a.b\"}}\n"},
		/* The handler gave a number alone. */
		{"-1002", "{\"error\":\"org.example.test.OutOfMemory\",\"parameters\":"
			  "{\"message\":\"out of memory\"}}\n"},
		/* EACCES */
		{"-13", "{\"error\":\"org.example.test.System\",\"parameters\":"
			"{\"message\":\"it failed at a.b\",\"number\":13}}\n"},
	};
	struct world *world = world_new();

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		char call[200];

		snprintf(call, sizeof(call),
			 "{\"method\":\"org.example.test.Fail\",\"parameters\":{\"code\":%s}}",
			 cases[i].code);
		ck_assert_int_eq(feed(world, call), 0);
		ck_assert_str_eq(drain(world), cases[i].reply);
	}
	world_free(world);
}
END_TEST

START_TEST(what_breaks_the_protocol_ends_the_connection)
{
	static const char *const broken[] = {
		"",
		"x",
		"{",
		"[]",
		"\"org.example.test.Echo\"",
		"{}",
		"{\"method\":null}",
		"{\"method\":5}",
		"{\"Method\":\"org.example.test.Later\"}",
		"{\"method\":\"org.example.test.Later\",\"id\":1}",
		"{\"method\":\"org.example.test.Later\",\"parameters\":[]}",
		"{\"method\":\"org.example.test.Later\",\"parameters\":\"\"}",
		"{\"method\":\"org.example.test.Later\",\"more\":1}",
		"{\"method\":\"org.example.test.Later\",\"oneway\":\"true\"}",
		"{\"method\":\"org.example.test.Later\",\"upgrade\":0}",
		"{\"method\":\"org.example.test.Later\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"org.example.test.Later\",\"more\":true,\"upgrade\":true}",
		"{\"method\":\"org.example.test.Later\",\"oneway\":true,\"upgrade\":true}",
		"{\"method\":\"org.example.test.Later\",\"method\":\"org.example.test.Later\"}",
		"{\"method\":\"org.example.test.Later\",\"parameters\":{\"x\":\"\\u0000\"}}",
		"{\"method\":\"org.example.test.\xFF\"}",
		"\xEF\xBB\xBF{\"method\":\"org.example.test.Later\"}",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(broken); i++) {
		struct world *world = world_new();

		ck_assert_int_eq(feed(world, broken[i]), -TASKD_EPROTO);
		ck_assert_int_eq(td_peer_failure(world->peer)->code, -TASKD_EPROTO);
		ck_assert_str_ne(td_peer_failure(world->peer)->text, "");
		/* It stays so. */
		ck_assert_int_eq(feed(world, ECHO("x")), -TASKD_EPROTO);
		ck_assert_int_eq(world->n_calls, 0);
		world_free(world);
	}
}
END_TEST

START_TEST(what_a_header_may_have_is_taken)
{
	static const char *const good[] = {
		" {\"method\" : \"org.example.test.Later\" }\n",
		"{\"method\":\"org.example.test.Later\",\"parameters\":null}",
		"{\"method\":\"org.example.test.Later\",\"parameters\":{},\"more\":null}",
		"{\"method\":\"org.example.test.Later\",\"com.example.trace\":{\"id\":1}}",
		"{\"method\":\"org.example.test.Later\",\"more\":false,\"oneway\":false}",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(good); i++) {
		struct world *world = world_new();

		ck_assert_int_eq(feed(world, good[i]), 0);
		td_call_reply(world->late, "{\"n\":7}");
		ck_assert_str_eq(drain(world), LATER_DONE);
		world_free(world);
	}
}
END_TEST

START_TEST(deep_and_large_calls_are_refused)
{
	struct world *world = world_new();
	struct td_strbuf text = TD_STRBUF_INIT;

	td_strbuf_adds(&text, "{\"method\":\"org.example.test.Later\",\"parameters\":{\"x\":");
	for (int i = 0; i < 5000; i++)
		td_strbuf_addc(&text, '[');
	ck_assert_int_eq(feed(world, td_strbuf_text(&text)), -TASKD_EPROTO);
	ck_assert_ptr_nonnull(strstr(td_peer_failure(world->peer)->text, "32 levels"));
	world_free(world);

	world = world_new();
	while (text.length <= TD_FRAME_CALL_MAX)
		td_strbuf_adds(&text, "                                                  ");
	/* Refused before its end has come. */
	ck_assert_int_eq(td_peer_receive(world->peer, text.text, text.length), -TASKD_EPROTO);
	ck_assert_ptr_nonnull(strstr(td_peer_failure(world->peer)->text, "larger than 1048576"));
	td_strbuf_fini(&text);
	world_free(world);
}
END_TEST

START_TEST(the_queue_of_waiting_calls_is_bounded)
{
	static const char echo_call[] = ECHO("0123456789012345678901234567890123456789");
	struct world *world = world_new();
	size_t fed = 0;
	int r = 0;

	ck_assert_int_eq(feed(world, LATER), 0);
	while (!td_peer_is_full(world->peer)) {
		ck_assert_int_eq(feed(world, echo_call), 0);
		fed += sizeof(echo_call);
	}
	ck_assert_uint_ge(fed, TD_PEER_QUEUE_HIGH);
	ck_assert_uint_lt(fed, TD_PEER_QUEUE_HIGH + sizeof(echo_call));
	ck_assert_int_eq(world->n_calls, 1);
	/* Whoever goes on reading nevertheless gets an end to it. */
	while (r == 0 && fed < 2 * (size_t)TD_PEER_QUEUE_MAX) {
		r = feed(world, echo_call);
		fed += sizeof(echo_call);
	}
	ck_assert_int_eq(r, -TASKD_EPROTO);
	ck_assert_uint_le(fed, TD_PEER_QUEUE_MAX + 2 * sizeof(echo_call));
	world_free(world);
	ck_assert_ptr_null(td_peer_free(NULL));
}
END_TEST

START_TEST(calls_wait_while_their_answers_are_not_taken)
{
	struct world *world = world_new();
	struct td_strbuf text = TD_STRBUF_INIT;
	int n_called;

	td_strbuf_adds(&text, "{\"method\":\"org.example.test.Echo\",\"parameters\":{\"text\":\"");
	for (int i = 0; i < 600000; i++)
		td_strbuf_addc(&text, 'x');
	td_strbuf_adds(&text, "\"}}");
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(feed(world, td_strbuf_text(&text)), 0);
	n_called = world->n_calls;
	ck_assert_int_eq(n_called, 2);
	ck_assert(td_peer_is_full(world->peer));
	drain(world);
	ck_assert_int_eq(world->n_calls, 4);
	ck_assert_uint_gt(world->got.length, 4 * 600000);
	td_strbuf_fini(&text);
	world_free(world);
}
END_TEST

START_TEST(a_call_under_way_hears_that_its_peer_is_gone)
{
	struct world *world = world_new();

	ck_assert_int_eq(feed(world, LATER), 0);
	ck_assert_int_eq(feed(world, ECHO("never")), 0);
	world->peer = td_peer_free(world->peer);
	ck_assert_int_eq(world->n_gone, 1);
	ck_assert_ptr_null(world->late);
	ck_assert_int_eq(world->n_calls, 1);
	world_free(world);
}
END_TEST

START_TEST(the_service_describes_itself)
{
	struct world *world = world_new();
	struct td_json *json = NULL;
	char name[64];

	ck_assert_int_eq(feed(world, "{\"method\":\"org.varlink.service.GetInfo\"}"), 0);
	ck_assert_str_eq(drain(world),
			 "{\"parameters\":{\"vendor\":\"v\",\"product\":\"p\",\"version\":\"1\","
			 "\"url\":\"u\",\"interfaces\":[\"org.example.test\","
			 "\"org.varlink.service\"]}}\n");
	ck_assert_int_eq(feed(world, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				     "\"parameters\":{\"interface\":\"org.example.test\"}}"),
			 0);
	drain(world);
	ck_assert_int_eq(td_json_parse(world->got.text, world->got.length, &json, NULL), 0);
	ck_assert_str_eq(td_json_text_or(td_json_get(json, "parameters"), "description", ""),
			 interface_text);
	td_json_free(json);
	ck_assert_int_eq(feed(world, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				     "\"parameters\":{\"interface\":\"org.nowhere\"}}"),
			 0);
	ck_assert_str_eq(drain(world), "{\"error\":\"org.varlink.service.InterfaceNotFound\","
				       "\"parameters\":{\"interface\":\"org.nowhere\"}}\n");
	ck_assert_str_eq(td_service_missing(world->service, name, sizeof(name)),
			 "org.example.test.Unwritten");
	world_free(world);
}
END_TEST

START_TEST(wrong_tables_are_refused)
{
	static const struct td_method unknown[] = {{"org.example.test.Nothing", echo, 0}};
	static const struct td_method again[] = {{"org.example.test.Echo", echo, 0}};
	struct world *world = world_new();
	struct td_failure failure = {.code = 0};

	ck_assert_int_eq(td_service_add_interface(world->service, interface_text, &failure),
			 -TASKD_EEXIST);
	ck_assert_str_eq(failure.subject, "org.example.test");
	ck_assert_int_eq(td_service_add_interface(world->service, "interface x", NULL),
			 -TASKD_EINVAL);
	ck_assert_int_eq(td_service_add_methods(world->service, unknown, 1, NULL, NULL),
			 -TASKD_EINVAL);
	ck_assert_int_eq(td_service_add_methods(world->service, again, 1, NULL, NULL),
			 -TASKD_EEXIST);
	ck_assert_ptr_nonnull(td_service_interface(world->service, TD_SERVICE_INTERFACE));
	ck_assert_ptr_null(td_service_interface(world->service, TD_MANAGER_INTERFACE));
	world_free(world);
	ck_assert_ptr_null(td_service_free(NULL));
}
END_TEST

START_TEST(without_memory_the_peer_fails_and_nothing_leaks)
{
	static const char calls[] = ECHO("1") "\0" ECHO("2");

	for (uint64_t nth = 1;; nth++) {
		struct world *world = world_new();
		uint64_t asked;
		int r;

		td_mem_fail_nth(nth);
		r = td_peer_receive(world->peer, calls, sizeof(calls));
		asked = td_mem_count();
		td_mem_fail_nth(0);
		if (asked < nth) {
			ck_assert_int_eq(r, 0);
			ck_assert_str_eq(drain(world), ECHOED("1") ECHOED("2"));
			world_free(world);
			break;
		}
		/* Where only the handler missed it, the client is told; else the peer has failed.
		 * What is missed by the check of replies is missed by nobody. */
		if (r == 0)
			ck_assert(strstr(drain(world), "OutOfMemory") != NULL ||
				  strcmp(td_strbuf_text(&world->got), ECHOED("1") ECHOED("2")) ==
					  0);
		else
			ck_assert_int_eq(r, -TASKD_ENOMEM);
		world_free(world);
	}
}
END_TEST

TD_TEST_MAIN("peer", a_call_is_answered, pipelined_calls_are_answered_in_order,
	     calls_may_come_byte_by_byte, output_may_be_taken_byte_by_byte,
	     a_oneway_call_has_no_reply_not_even_an_error,
	     many_replies_end_with_one_that_does_not_continue,
	     a_late_call_with_more_goes_on_until_it_is_answered,
	     errors_of_the_protocol_name_what_is_wrong, failures_become_errors_of_the_interface,
	     what_breaks_the_protocol_ends_the_connection, what_a_header_may_have_is_taken,
	     deep_and_large_calls_are_refused, the_queue_of_waiting_calls_is_bounded,
	     calls_wait_while_their_answers_are_not_taken,
	     a_call_under_way_hears_that_its_peer_is_gone, the_service_describes_itself,
	     wrong_tables_are_refused, without_memory_the_peer_fails_and_nothing_leaks)
