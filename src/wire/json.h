/* SPDX-License-Identifier: MIT */
/*
 * JSON, as a value to read and as a text to write. A value is read-only; what it lends (texts,
 * members) lives as long as the whole. Keys are case-sensitive, a member that is null is absent,
 * and an int is an exact int64. Thread: any, but one at a time per value.
 */
#ifndef TD_WIRE_JSON_H
#define TD_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/strbuf.h"

/* A value inside a parsed text; never allocated on its own. */
struct td_json;

enum td_json_type {
	TD_JSON_NULL, /* NULL, the absent member, is of this type too */
	TD_JSON_BOOL,
	TD_JSON_INT,   /* fits int64, written without fraction and exponent */
	TD_JSON_FLOAT, /* any other number */
	TD_JSON_STRING,
	TD_JSON_ARRAY,
	TD_JSON_OBJECT,
};

/*
 * Parses a whole text, one value of any type, by the strict rules of wire/scan.h.
 * Owns: the caller gets the value, to be freed with td_json_free(). Returns: 0; -TASKD_EPROTO, and
 * `failure` (NULL allowed) names the byte offset and the rule; -TASKD_ENOMEM.
 */
int td_json_parse(const char *text, size_t length, struct td_json **ret_json,
		  struct td_failure *failure);
struct td_json *td_json_free(struct td_json *json); /* NULL allowed; returns NULL */

/* Every `json` below may be NULL, which reads as null. */
enum td_json_type td_json_type(const struct td_json *json);
/* The name of a type as the interface language has it ("int", "object" ...). */
const char *td_json_type_name(enum td_json_type type);

/* The member of an object; NULL when it is absent or null, or when `json` is no object. */
const struct td_json *td_json_get(const struct td_json *json, const char *key);

/*
 * Read a value (key NULL) or the member of an object. Returns: 1, *ret set; 0, absent or null, and
 * *ret is as before; -TASKD_EINVAL, there is something of another type.
 */
int td_json_string(const struct td_json *json, const char *key, const char **ret);
int td_json_int(const struct td_json *json, const char *key, int64_t *ret);
int td_json_bool(const struct td_json *json, const char *key, bool *ret);
int td_json_float(const struct td_json *json, const char *key, double *ret); /* an int will do */
int td_json_object(const struct td_json *json, const char *key, const struct td_json **ret);
int td_json_array(const struct td_json *json, const char *key, const struct td_json **ret);

/* The same for those who print: the value, or `otherwise` when it is not there or of another
 * type. */
const char *td_json_text_or(const struct td_json *json, const char *key, const char *otherwise);
int64_t td_json_int_or(const struct td_json *json, const char *key, int64_t otherwise);
bool td_json_bool_or(const struct td_json *json, const char *key, bool otherwise);

/* How many elements or members there are; 0 for everything else. Takes time in proportion. */
size_t td_json_size(const struct td_json *json);

/*
 * Steps through an array or object in the order of the text: the first (NULL when there is none or
 * `json` is neither), and the one after a member. Null members of objects and null elements of
 * arrays are shown (type TD_JSON_NULL).
 */
const struct td_json *td_json_first(const struct td_json *json);
const struct td_json *td_json_next(const struct td_json *member);
/* The key of a member of an object; NULL for all other values. */
const char *td_json_key(const struct td_json *member);
/* A number as it was written; NULL for all other values. */
const char *td_json_number(const struct td_json *json);

#define TD_JSON_FOREACH(member, json) \
	for (member = td_json_first(json); member != NULL; member = td_json_next(member))

/*
 * Writes JSON text straight into a td_strbuf, which the caller owns and asks for td_strbuf_ok()
 * at the end. `key` is the name of the member in an object, and NULL in an array or at the top.
 * Wrong nesting is our own mistake and asserted. Texts may hold anything: they are escaped, and
 * invalid UTF-8 is replaced by U+FFFD. No whitespace is written.
 */
#define TD_JSON_WRITER_DEPTH 32 /* of nesting */

struct td_json_writer {
	struct td_strbuf *buf; /* borrowed */
	uint8_t depth;
	bool need_comma;
	bool in_object[TD_JSON_WRITER_DEPTH + 1]; /* by depth; [0] is the top */
};

#define TD_JSON_WRITER_INIT(strbuf) ((struct td_json_writer){.buf = (strbuf)})

void td_json_begin_object(struct td_json_writer *w, const char *key);
void td_json_end_object(struct td_json_writer *w);
void td_json_begin_array(struct td_json_writer *w, const char *key);
void td_json_end_array(struct td_json_writer *w);
void td_json_add_string(struct td_json_writer *w, const char *key, const char *text);
void td_json_add_bytes(struct td_json_writer *w, const char *key, const char *text, size_t length);
void td_json_add_int(struct td_json_writer *w, const char *key, int64_t value);
void td_json_add_bool(struct td_json_writer *w, const char *key, bool value);
void td_json_add_null(struct td_json_writer *w, const char *key);
/* Adds text that is JSON already. */
void td_json_add_raw(struct td_json_writer *w, const char *key, const char *json);
/* Adds nothing at all when `text` is NULL: for members that may be absent. */
void td_json_add_optional(struct td_json_writer *w, const char *key, const char *text);
/* Adds a copy of a value that was read; numbers keep their spelling. */
void td_json_add_value(struct td_json_writer *w, const char *key, const struct td_json *json);

#endif
