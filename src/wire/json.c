/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON. cJSON builds the tree, after td_scan() has refused what cJSON would let pass; a
 * `struct td_json` is one of its items. cJSON keeps numbers as doubles, which hold integers up to
 * 2^53 only: so each number of the tree also gets its spelling, taken from the text in a second
 * pass, in the item's valuestring (unused by cJSON for numbers, and freed by it with the item).
 */
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "wire/scan.h"

static const cJSON *item_of(const struct td_json *json)
{
	return (const cJSON *)(const void *)json;
}

static const struct td_json *json_of(const cJSON *item)
{
	return (const struct td_json *)(const void *)item;
}

static void *hook_malloc(size_t size)
{
	return td_mem_new(size);
}

static void hook_free(void *memory)
{
	td_mem_free(memory);
}

static void set_hooks(void)
{
	cJSON_Hooks hooks = {.malloc_fn = hook_malloc, .free_fn = hook_free};

	cJSON_InitHooks(&hooks);
}

/* Finds the next number of a text that td_scan() has passed, and steps over it. */
static const char *next_number(const char **at, size_t *ret_length)
{
	static const char number_chars[] = "0123456789+-.eE";
	const char *p = *at;

	while (*p != '-' && (*p < '0' || *p > '9')) {
		td_assert(*p != '\0');
		if (*p++ != '"')
			continue;
		while (*p != '"')
			p += *p == '\\' ? 2 : 1;
		p++;
	}
	*ret_length = strspn(p, number_chars);
	*at = p + *ret_length;
	return p;
}

/* Gives each number below `item` its spelling, in the order of the text. */
static int spell_numbers(cJSON *item, const char **at)
{
	for (; item != NULL; item = item->next) {
		int r = item->child != NULL ? spell_numbers(item->child, at) : 0;

		if (r < 0)
			return r;
		if (cJSON_IsNumber(item)) {
			size_t length;
			const char *number = next_number(at, &length);

			item->valuestring = td_mem_strndup(number, length);
			if (item->valuestring == NULL)
				return -TASKD_ENOMEM;
		}
	}
	return 0;
}

int td_json_parse(const char *text, size_t length, struct td_json **ret_json,
		  struct td_failure *failure)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *at;
	char *copy;
	cJSON *item;
	int r = td_scan(text, length, failure);

	if (r < 0)
		return r;
	pthread_once(&once, set_hooks);
	/* cJSON and the second pass want a NUL at the end. */
	copy = td_mem_strndup(text, length);
	item = copy != NULL ? cJSON_ParseWithLength(copy, length + 1) : NULL;
	at = copy;
	/* What td_scan() passes, cJSON takes: so that only memory can be missing. */
	r = item != NULL ? spell_numbers(item, &at) : -TASKD_ENOMEM;
	td_mem_free(copy);
	if (r < 0) {
		cJSON_Delete(item);
		return td_fail(failure, r, NULL, "out of memory for a message of %zu bytes",
			       length);
	}
	*ret_json = (struct td_json *)(void *)item;
	return 0;
}

struct td_json *td_json_free(struct td_json *json)
{
	cJSON_Delete((cJSON *)(void *)json);
	return NULL;
}

enum td_json_type td_json_type(const struct td_json *json)
{
	const cJSON *item = item_of(json);

	switch (item != NULL ? item->type & 0xFF : cJSON_NULL) {
	case cJSON_False:
	case cJSON_True:
		return TD_JSON_BOOL;
	case cJSON_Number:
		return strpbrk(item->valuestring, ".eE") != NULL ? TD_JSON_FLOAT : TD_JSON_INT;
	case cJSON_String:
		return TD_JSON_STRING;
	case cJSON_Array:
		return TD_JSON_ARRAY;
	case cJSON_Object:
		return TD_JSON_OBJECT;
	default:
		return TD_JSON_NULL;
	}
}

const char *td_json_type_name(enum td_json_type type)
{
	static const char *const names[] = {
		[TD_JSON_NULL] = "null",     [TD_JSON_BOOL] = "bool",     [TD_JSON_INT] = "int",
		[TD_JSON_FLOAT] = "float",   [TD_JSON_STRING] = "string", [TD_JSON_ARRAY] = "array",
		[TD_JSON_OBJECT] = "object",
	};

	td_assert((size_t)type < TD_ARRAY_SIZE(names));
	return names[type];
}

const struct td_json *td_json_get(const struct td_json *json, const char *key)
{
	const struct td_json *member;

	if (td_json_type(json) != TD_JSON_OBJECT)
		return NULL;
	member = json_of(cJSON_GetObjectItemCaseSensitive(item_of(json), key));
	return td_json_type(member) != TD_JSON_NULL ? member : NULL;
}

/*
 * The value itself (key NULL) or a member of it, of one type.
 * Returns: 1, *ret_found set; 0: null or absent; -TASKD_EINVAL: of another type.
 */
static int find(const struct td_json *json, const char *key, enum td_json_type type,
		const struct td_json **ret_found)
{
	const struct td_json *found = json;

	if (key != NULL) {
		if (json != NULL && td_json_type(json) != TD_JSON_OBJECT)
			return -TASKD_EINVAL;
		found = td_json_get(json, key);
	}
	if (td_json_type(found) == TD_JSON_NULL)
		return 0;
	if (td_json_type(found) != type)
		return -TASKD_EINVAL;
	*ret_found = found;
	return 1;
}

int td_json_string(const struct td_json *json, const char *key, const char **ret)
{
	const struct td_json *found;
	int r = find(json, key, TD_JSON_STRING, &found);

	if (r > 0)
		*ret = item_of(found)->valuestring;
	return r;
}

int td_json_int(const struct td_json *json, const char *key, int64_t *ret)
{
	const struct td_json *found;
	int r = find(json, key, TD_JSON_INT, &found);

	if (r > 0 && td_integer_parse(item_of(found)->valuestring, ret) < 0)
		return -TASKD_EINVAL;
	return r;
}

int td_json_bool(const struct td_json *json, const char *key, bool *ret)
{
	const struct td_json *found;
	int r = find(json, key, TD_JSON_BOOL, &found);

	if (r > 0)
		*ret = cJSON_IsTrue(item_of(found));
	return r;
}

int td_json_float(const struct td_json *json, const char *key, double *ret)
{
	const struct td_json *found;
	int r = find(json, key, TD_JSON_FLOAT, &found);

	if (r == -TASKD_EINVAL)
		r = find(json, key, TD_JSON_INT, &found);
	if (r > 0)
		*ret = item_of(found)->valuedouble;
	return r;
}

int td_json_object(const struct td_json *json, const char *key, const struct td_json **ret)
{
	return find(json, key, TD_JSON_OBJECT, ret);
}

int td_json_array(const struct td_json *json, const char *key, const struct td_json **ret)
{
	return find(json, key, TD_JSON_ARRAY, ret);
}

const char *td_json_text_or(const struct td_json *json, const char *key, const char *otherwise)
{
	const char *text = otherwise;

	return td_json_string(json, key, &text) > 0 ? text : otherwise;
}

int64_t td_json_int_or(const struct td_json *json, const char *key, int64_t otherwise)
{
	int64_t value = otherwise;

	return td_json_int(json, key, &value) > 0 ? value : otherwise;
}

bool td_json_bool_or(const struct td_json *json, const char *key, bool otherwise)
{
	bool value = otherwise;

	return td_json_bool(json, key, &value) > 0 ? value : otherwise;
}

size_t td_json_size(const struct td_json *json)
{
	const struct td_json *member;
	size_t n = 0;

	TD_JSON_FOREACH (member, json)
		n++;
	return n;
}

const struct td_json *td_json_first(const struct td_json *json)
{
	return json != NULL ? json_of(item_of(json)->child) : NULL;
}

const struct td_json *td_json_next(const struct td_json *member)
{
	return member != NULL ? json_of(item_of(member)->next) : NULL;
}

const char *td_json_key(const struct td_json *member)
{
	return member != NULL ? item_of(member)->string : NULL;
}

const char *td_json_number(const struct td_json *json)
{
	return json != NULL && cJSON_IsNumber(item_of(json)) ? item_of(json)->valuestring : NULL;
}
