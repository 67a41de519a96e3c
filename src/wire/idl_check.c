/* SPDX-License-Identifier: MIT */
/* Checks JSON values against the types of an interface, and says where they do not fit. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "wire/idl.h"
#include "wire/json.h"

#define SHOWN_MAX 64 /* bytes of a text from outside that an error repeats */

/* Where in the value we are: a chain on the stack, turned into text only when it is needed. */
struct place {
	const struct place *up; /* NULL: the whole */
	const char *key;        /* NULL: an element of an array */
	size_t index;
};

static int check(const struct td_idl_type *type, const struct td_json *json,
		 const struct place *place, struct td_failure *failure);

static void add_place(const struct place *place, struct td_strbuf *path)
{
	char key[SHOWN_MAX];

	if (place->up == NULL)
		return;
	add_place(place->up, path);
	if (place->key == NULL) {
		td_strbuf_addf(path, "[%zu]", place->index);
		return;
	}
	td_utf8_clean(key, sizeof(key), place->key, strlen(place->key));
	td_strbuf_addf(path, "%s%s", path->length > 0 ? "." : "", key);
}

static int refuse(struct td_failure *failure, const struct place *place, const char *rule,
		  const char *detail)
{
	struct td_strbuf path = TD_STRBUF_INIT;

	add_place(place, &path);
	td_fail(failure, -TASKD_EINVAL, td_strbuf_text(&path), "parameters%s%s: %s%s",
		path.length > 0 && path.text[0] != '[' ? "." : "", td_strbuf_text(&path), rule,
		detail);
	td_strbuf_fini(&path);
	return -TASKD_EINVAL;
}

static int refuse_type(struct td_failure *failure, const struct place *place,
		       const struct td_idl_type *type, const struct td_json *json)
{
	struct td_strbuf rule = TD_STRBUF_INIT;
	struct td_idl_type plain = *type;

	/* Whether it may be absent does not matter for what is there. */
	plain.nullable = false;
	td_strbuf_adds(&rule, "expected ");
	if (type->kind == TD_IDL_STRUCT || type->kind == TD_IDL_OBJECT)
		td_strbuf_adds(&rule, "an object");
	else
		td_idl_print_type(&plain, &rule);
	td_strbuf_addf(&rule, ", not %s", td_json_type_name(td_json_type(json)));
	refuse(failure, place, td_strbuf_text(&rule), "");
	td_strbuf_fini(&rule);
	return -TASKD_EINVAL;
}

static const struct td_idl_field *find_field(const struct td_idl_type *type, const char *name)
{
	for (size_t i = 0; i < type->n_fields; i++)
		if (strcmp(type->fields[i].name, name) == 0)
			return &type->fields[i];
	return NULL;
}

static int refuse_unknown(struct td_failure *failure, const struct place *place,
			  const struct td_idl_type *type)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(place->key);
	struct td_strbuf hint = TD_STRBUF_INIT;

	for (size_t i = 0; i < type->n_fields; i++)
		td_suggest_offer(&suggest, type->fields[i].name);
	if (suggest.best != NULL)
		td_strbuf_addf(&hint, ", did you mean %s?", suggest.best);
	refuse(failure, place, "there is no such parameter", td_strbuf_text(&hint));
	td_strbuf_fini(&hint);
	return -TASKD_EINVAL;
}

static int check_struct(const struct td_idl_type *type, const struct td_json *json,
			const struct place *place, struct td_failure *failure)
{
	const struct td_json *member;
	int r = 0;

	TD_JSON_FOREACH (member, json) {
		struct place inner = {.up = place, .key = td_json_key(member)};

		if (find_field(type, inner.key) == NULL)
			return refuse_unknown(failure, &inner, type);
	}
	for (size_t i = 0; r == 0 && i < type->n_fields; i++) {
		struct place inner = {.up = place, .key = type->fields[i].name};

		r = check(type->fields[i].type, td_json_get(json, inner.key), &inner, failure);
	}
	return r;
}

static int check_elements(const struct td_idl_type *type, const struct td_json *json,
			  const struct place *place, struct td_failure *failure)
{
	const struct td_json *element;
	size_t index = 0;
	int r;

	TD_JSON_FOREACH (element, json) {
		struct place inner = {.up = place, .key = td_json_key(element), .index = index++};

		r = check(type->of, element, &inner, failure);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_enum(const struct td_idl_type *type, const struct td_json *json,
		      const struct place *place, struct td_failure *failure)
{
	const char *given = td_json_text_or(json, NULL, "");
	struct td_strbuf rule = TD_STRBUF_INIT;
	char shown[SHOWN_MAX];

	if (find_field(type, given) != NULL)
		return 0;
	td_utf8_clean(shown, sizeof(shown), given, strlen(given));
	td_strbuf_adds(&rule, "expected one of ");
	td_idl_print_type(type, &rule);
	td_strbuf_addf(&rule, ", not '%s'", shown);
	refuse(failure, place, td_strbuf_text(&rule), "");
	td_strbuf_fini(&rule);
	return -TASKD_EINVAL;
}

/* The JSON type of a kind; TD_JSON_NULL: any will do. */
static enum td_json_type json_type_of(enum td_idl_kind kind)
{
	static const enum td_json_type types[] = {
		[TD_IDL_BOOL] = TD_JSON_BOOL,     [TD_IDL_INT] = TD_JSON_INT,
		[TD_IDL_FLOAT] = TD_JSON_FLOAT,   [TD_IDL_STRING] = TD_JSON_STRING,
		[TD_IDL_OBJECT] = TD_JSON_OBJECT, [TD_IDL_ANY] = TD_JSON_NULL,
		[TD_IDL_ENUM] = TD_JSON_STRING,   [TD_IDL_STRUCT] = TD_JSON_OBJECT,
		[TD_IDL_NAMED] = TD_JSON_NULL,    [TD_IDL_ARRAY] = TD_JSON_ARRAY,
		[TD_IDL_MAP] = TD_JSON_OBJECT,
	};

	td_assert((size_t)kind < TD_ARRAY_SIZE(types));
	return types[kind];
}

static int check(const struct td_idl_type *type, const struct td_json *json,
		 const struct place *place, struct td_failure *failure)
{
	enum td_json_type given = td_json_type(json), wanted;

	if (given == TD_JSON_NULL && (type->nullable || type->kind == TD_IDL_ANY))
		return 0;
	if (type->kind == TD_IDL_NAMED)
		type = type->of;
	wanted = json_type_of(type->kind);
	if (given == TD_JSON_NULL)
		return refuse(failure, place, "is missing", "");
	if (wanted == TD_JSON_FLOAT && given == TD_JSON_INT)
		given = TD_JSON_FLOAT;
	if (wanted != TD_JSON_NULL && wanted != given)
		return refuse_type(failure, place, type, json);
	switch (type->kind) {
	case TD_IDL_ENUM:
		return check_enum(type, json, place, failure);
	case TD_IDL_STRUCT:
		return check_struct(type, json, place, failure);
	case TD_IDL_ARRAY:
	case TD_IDL_MAP:
		return check_elements(type, json, place, failure);
	case TD_IDL_BOOL:
	case TD_IDL_INT:
	case TD_IDL_FLOAT:
	case TD_IDL_STRING:
	case TD_IDL_OBJECT:
	case TD_IDL_ANY:
	case TD_IDL_NAMED:
		break;
	}
	return 0;
}

int td_idl_check(const struct td_idl_type *type, const struct td_json *json,
		 struct td_failure *failure)
{
	const struct place whole = {.up = NULL};

	/* Absent, null and {} parameters are equal. */
	if (td_json_type(json) == TD_JSON_NULL && type->kind == TD_IDL_STRUCT)
		return check_struct(type, NULL, &whole, failure);
	return check(type, json, &whole, failure);
}
