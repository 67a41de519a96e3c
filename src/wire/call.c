/* SPDX-License-Identifier: MIT */
/*
 * One call: its header, its way to the handler, and the answers. All replies are written by one
 * function, so that no answer can break the rules of `oneway`, `more` and `continues`.
 */
#include <stdio.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "wire/idl.h"
#include "wire/json.h"
#include "wire/peer_priv.h"

/* --- the header --- */

static int refuse(struct td_failure *failure, const char *rule)
{
	return td_fail(failure, -TASKD_EPROTO, NULL, "a call breaks the protocol: %s", rule);
}

static int check_header(const struct td_json *message, struct td_failure *failure)
{
	static const char *const known[] = {"method", "parameters", "oneway", "more", "upgrade"};
	const struct td_json *member;

	if (td_json_type(message) != TD_JSON_OBJECT)
		return refuse(failure, "it is not an object");
	TD_JSON_FOREACH (member, message) {
		const char *key = td_json_key(member);
		size_t i = 0;

		while (i < TD_ARRAY_SIZE(known) && strcmp(known[i], key) != 0)
			i++;
		/* A name with a dot is an extension of somebody's, which may be ignored. */
		if (i == TD_ARRAY_SIZE(known) && strchr(key, '.') == NULL)
			return refuse(failure, "it has an unknown member");
	}
	return 0;
}

static int read_header(struct td_call *call, struct td_failure *failure)
{
	const struct td_json *message = call->message;
	int r = check_header(message, failure);

	if (r < 0)
		return r;
	if (td_json_string(message, "method", &call->method) <= 0)
		return refuse(failure, "'method' is missing or is not a string");
	if (td_json_object(message, "parameters", &call->parameters) < 0)
		return refuse(failure, "'parameters' is not an object");
	if (td_json_bool(message, "oneway", &call->oneway) < 0 ||
	    td_json_bool(message, "more", &call->more) < 0 ||
	    td_json_bool(message, "upgrade", &call->upgrade) < 0)
		return refuse(failure, "a flag is not a bool");
	if (call->oneway + call->more + call->upgrade > 1)
		return refuse(failure, "more than one of oneway, more and upgrade");
	return 0;
}

int td_call_new(struct td_peer *peer, struct td_json *message, struct td_call **ret_call,
		struct td_failure *failure)
{
	struct td_call *call = td_mem_new(sizeof(*call));
	int r;

	if (call == NULL) {
		td_json_free(message);
		return td_fail(failure, -TASKD_ENOMEM, NULL, "out of memory for a call");
	}
	call->magic = TD_CALL_MAGIC;
	call->peer = peer;
	call->message = message;
	r = read_header(call, failure);
	if (r < 0)
		td_call_free(call);
	else
		*ret_call = call;
	return r;
}

struct td_call *td_call_free(struct td_call *call)
{
	if (call == NULL)
		return NULL;
	TD_CHECK(call, TD_CALL_MAGIC);
	if (call->gone != NULL) {
		call->is_gone = true;
		call->gone(call, call->gone_data);
	}
	call->magic = 0;
	td_json_free(call->message);
	return td_mem_free(call);
}

/* --- questions --- */

struct td_peer *td_call_peer(const struct td_call *call)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	return call->peer;
}

const char *td_call_method(const struct td_call *call)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	return call->method;
}

const struct td_json *td_call_parameters(const struct td_call *call)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	return call->parameters;
}

bool td_call_wants_more(const struct td_call *call)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	return call->more;
}

bool td_call_is_oneway(const struct td_call *call)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	return call->oneway;
}

void td_call_set_gone(struct td_call *call, td_call_gone *gone, void *data)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	td_assert(!call->is_gone);
	call->gone = gone;
	call->gone_data = data;
}

/* --- answers --- */

/* What one reply is made of. */
struct answer {
	const char *error;      /* full name, or NULL */
	const char *parameters; /* text, or NULL */
	td_call_writer *writer; /* or this, with its data */
	void *data;
	bool continues;
};

/* A reply that does not fit its interface is our own mistake. */
static void check_answer(const struct td_call *call, const struct answer *answer, const char *text)
{
	const struct td_idl_member *error;
	const struct td_idl_type *type;
	struct td_failure why = {.code = 0};
	struct td_json *json;
	int r = td_json_parse(text, strlen(text), &json, &why);

	if (r == -TASKD_ENOMEM)
		return;
	if (r < 0)
		td_assert_failed(why.text, call->method, 0);
	if (answer->error != NULL) {
		error = td_service_find_error(call->peer->service, answer->error);
		if (error == NULL)
			td_assert_failed("no interface has this error", answer->error, 0);
		type = error->type;
	} else {
		type = call->entry->member->reply;
	}
	if (td_idl_check(type, td_json_get(json, "parameters"), &why) < 0)
		td_assert_failed(why.text, answer->error != NULL ? answer->error : call->method, 0);
	td_json_free(json);
}

static void write_answer(const struct answer *answer, struct td_strbuf *out)
{
	struct td_json_writer w = TD_JSON_WRITER_INIT(out);

	td_json_begin_object(&w, NULL);
	td_json_add_optional(&w, "error", answer->error);
	if (answer->writer != NULL) {
		td_json_begin_object(&w, "parameters");
		answer->writer(&w, answer->data);
		td_json_end_object(&w);
	} else {
		td_json_add_raw(&w, "parameters",
				answer->parameters != NULL ? answer->parameters : "{}");
	}
	if (answer->continues)
		td_json_add_bool(&w, "continues", true);
	td_json_end_object(&w);
	td_strbuf_addc(out, '\0');
}

/* Writes one reply; after the last one the call is gone. */
static void emit(struct td_call *call, const struct answer *answer)
{
	struct td_peer *peer = call->peer;
	size_t before = peer->output.length;

	td_assert(!call->is_gone);
	td_assert(peer->call == call);
	td_assert(!answer->continues || (call->more && answer->error == NULL));
	/* A peer that has failed only waits to be freed. */
	if (!call->oneway && peer->failure.code == 0) {
		write_answer(answer, &peer->output);
		if (td_strbuf_ok(&peer->output) && td_service_checks_replies(peer->service))
			check_answer(call, answer, peer->output.text + before);
	}
	if (!answer->continues)
		td_peer_finish_call(peer);
	td_peer_wrote(peer, before);
}

void td_call_reply(struct td_call *call, const char *parameters)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	emit(call, &(struct answer){.parameters = parameters});
}

void td_call_reply_with(struct td_call *call, td_call_writer *writer, void *data)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	emit(call, &(struct answer){.writer = writer, .data = data});
}

void td_call_notify(struct td_call *call, const char *parameters)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	emit(call, &(struct answer){.parameters = parameters, .continues = true});
}

void td_call_notify_with(struct td_call *call, td_call_writer *writer, void *data)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	emit(call, &(struct answer){.writer = writer, .data = data, .continues = true});
}

void td_call_error(struct td_call *call, const char *error, const char *parameters)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	emit(call, &(struct answer){.error = error, .parameters = parameters});
}

void td_call_error_with(struct td_call *call, const char *error, td_call_writer *writer, void *data)
{
	TD_CHECK(call, TD_CALL_MAGIC);
	emit(call, &(struct answer){.error = error, .writer = writer, .data = data});
}

/* --- errors of the protocol, and of the list --- */

struct pair {
	const char *key, *value;
};

static void write_pair(struct td_json_writer *w, void *data)
{
	const struct pair *pair = data;

	td_json_add_optional(w, pair->key, pair->value);
}

void td_call_error_text(struct td_call *call, const char *error, const char *key, const char *value)
{
	struct pair pair = {.key = key, .value = value};

	td_call_error_with(call, error, write_pair, &pair);
}

static const char *wire_name(int code)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
#define WIRE_NAME(number, id, what, wire) {.code = -(number), .name = #wire},
		TASKD_ERROR_LIST(WIRE_NAME)
#undef WIRE_NAME
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "System";
}

/* What the members of an error are filled with, by its declaration. */
struct fail_data {
	const struct td_failure *failure;
	const struct td_idl_member *error; /* or NULL: the interface does not have it */
};

static void write_failure(struct td_json_writer *w, void *data)
{
	const struct fail_data *fail = data;
	const struct td_failure *failure = fail->failure;
	bool subject_given = false;

	td_json_add_string(w, "message",
			   failure->text[0] != '\0' ? failure->text
						    : taskd_strerror(failure->code));
	for (size_t i = 0; fail->error != NULL && i < fail->error->type->n_fields; i++) {
		const struct td_idl_field *field = &fail->error->type->fields[i];
		bool required = !field->type->nullable;

		if (strcmp(field->name, "message") == 0)
			continue;
		if (field->type->kind == TD_IDL_STRING && !subject_given) {
			if (required || failure->subject[0] != '\0')
				td_json_add_string(w, field->name, failure->subject);
			subject_given = true;
		} else if (field->type->kind == TD_IDL_INT && required) {
			td_json_add_int(w, field->name, -(int64_t)failure->code);
		}
	}
}

void td_call_fail(struct td_call *call, const struct td_failure *failure)
{
	struct fail_data data = {.failure = failure};
	const char *interface;
	char name[400];

	TD_CHECK(call, TD_CALL_MAGIC);
	td_assert(failure->code < 0);
	interface = td_service_info(call->peer->service)->error_interface;
	(void)snprintf(name, sizeof(name), "%s.%s", interface, wire_name(failure->code)); /* fits */
	data.error = td_service_find_error(call->peer->service, name);
	td_call_error_with(call, name, write_failure, &data);
}

/* --- the way to the handler --- */

void td_call_dispatch(struct td_call *call)
{
	struct td_failure failure = {.code = 0};
	const char *error, *key;
	int r;

	if (call->upgrade) {
		td_call_error_text(call, "org.varlink.service.InvalidParameter", "parameter",
				   "upgrade");
		return;
	}
	call->entry = td_service_find(call->peer->service, call->method, &error, &key);
	if (call->entry == NULL) {
		struct td_strbuf interface = TD_STRBUF_INIT;
		bool whole = strcmp(key, "method") == 0;

		td_strbuf_add(&interface, call->method,
			      whole ? strlen(call->method)
				    : (size_t)(strrchr(call->method, '.') - call->method));
		td_call_error_text(call, error, key, td_strbuf_text(&interface));
		td_strbuf_fini(&interface);
		return;
	}
	if (td_idl_check(call->entry->member->type, call->parameters, &failure) < 0) {
		td_call_error_text(call, "org.varlink.service.InvalidParameter", "parameter",
				   failure.subject);
		return;
	}
	if ((call->entry->flags & TD_METHOD_MORE) && !call->more) {
		td_call_error_text(call, "org.varlink.service.ExpectedMore", NULL, NULL);
		return;
	}
	/* After this the call may be gone, unless an error says that it was not answered. */
	r = call->entry->handler(call, &failure, call->entry->data);
	if (r < 0) {
		td_fail(&failure, r, NULL, "%s", taskd_strerror(r));
		td_call_fail(call, &failure);
	}
}
