/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON, straight into the text: cJSON is not asked, since it would print an int64 through
 * a double (one in ten timestamps in microseconds comes out as 1.76e+15), and since a list of
 * 10,000 tasks would cost some 200,000 small allocations before the first byte is written.
 */
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "wire/json.h"

/* Whether a byte stands for itself: no control character, quote, backslash or part of UTF-8. */
static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Writes one character that is not plain; returns its length in the text. */
static size_t add_special(struct td_strbuf *buf, const char *text, size_t length)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	unsigned char c = (unsigned char)*text;
	const char *known = c != '\0' ? strchr(from, c) : NULL;
	size_t n = td_utf8_char(text, length);

	if (n == 0)
		td_strbuf_adds(buf, "\xEF\xBF\xBD"); /* U+FFFD */
	else if (known != NULL)
		td_strbuf_add(buf, (char[]){'\\', to[known - from]}, 2);
	else if (c < 0x20)
		td_strbuf_addf(buf, "\\u%04x", c);
	else
		td_strbuf_add(buf, text, n);
	return n > 0 ? n : 1;
}

static size_t plain_length(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && is_plain((unsigned char)text[n]))
		n++;
	return n;
}

static void add_quoted(struct td_strbuf *buf, const char *text, size_t length)
{
	size_t plain = plain_length(text, length);

	if (plain == length) { /* nearly always: then in one piece */
		char *room = td_strbuf_room(buf, length + 2);

		if (room == NULL)
			return;
		room[0] = '"';
		memcpy(room + 1, text, length);
		room[length + 1] = '"';
		return;
	}
	td_strbuf_addc(buf, '"');
	for (size_t i = 0; i < length; plain = plain_length(text + i, length - i)) {
		td_strbuf_add(buf, text + i, plain);
		i += plain;
		if (i < length)
			i += add_special(buf, text + i, length - i);
	}
	td_strbuf_addc(buf, '"');
}

/* Writes what stands before a value: the comma, and the key. */
static void begin_value(struct td_json_writer *w, const char *key)
{
	td_assert((key != NULL) == w->in_object[w->depth]);
	if (w->need_comma)
		td_strbuf_addc(w->buf, ',');
	w->need_comma = true;
	if (key == NULL)
		return;
	add_quoted(w->buf, key, strlen(key));
	td_strbuf_addc(w->buf, ':');
}

static void begin_container(struct td_json_writer *w, const char *key, bool is_object)
{
	begin_value(w, key);
	td_assert(w->depth < TD_JSON_WRITER_DEPTH);
	w->in_object[++w->depth] = is_object;
	w->need_comma = false;
	td_strbuf_addc(w->buf, is_object ? '{' : '[');
}

static void end_container(struct td_json_writer *w, bool is_object)
{
	td_assert(w->depth > 0);
	td_assert(w->in_object[w->depth] == is_object);
	w->depth--;
	w->need_comma = true;
	td_strbuf_addc(w->buf, is_object ? '}' : ']');
}

void td_json_begin_object(struct td_json_writer *w, const char *key)
{
	begin_container(w, key, true);
}

void td_json_end_object(struct td_json_writer *w)
{
	end_container(w, true);
}

void td_json_begin_array(struct td_json_writer *w, const char *key)
{
	begin_container(w, key, false);
}

void td_json_end_array(struct td_json_writer *w)
{
	end_container(w, false);
}

void td_json_add_string(struct td_json_writer *w, const char *key, const char *text)
{
	td_json_add_bytes(w, key, text, strlen(text));
}

void td_json_add_bytes(struct td_json_writer *w, const char *key, const char *text, size_t length)
{
	begin_value(w, key);
	add_quoted(w->buf, text, length);
}

void td_json_add_int(struct td_json_writer *w, const char *key, int64_t value)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	begin_value(w, key);
	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--at = '-';
	td_strbuf_add(w->buf, at, (size_t)(digits + sizeof(digits) - at));
}

void td_json_add_bool(struct td_json_writer *w, const char *key, bool value)
{
	begin_value(w, key);
	td_strbuf_adds(w->buf, value ? "true" : "false");
}

void td_json_add_null(struct td_json_writer *w, const char *key)
{
	begin_value(w, key);
	td_strbuf_adds(w->buf, "null");
}

void td_json_add_raw(struct td_json_writer *w, const char *key, const char *json)
{
	begin_value(w, key);
	td_strbuf_adds(w->buf, json);
}

void td_json_add_optional(struct td_json_writer *w, const char *key, const char *text)
{
	if (text != NULL)
		td_json_add_string(w, key, text);
}

static void add_container(struct td_json_writer *w, const char *key, const struct td_json *json,
			  bool is_object)
{
	const struct td_json *member;

	begin_container(w, key, is_object);
	TD_JSON_FOREACH (member, json)
		td_json_add_value(w, td_json_key(member), member);
	end_container(w, is_object);
}

void td_json_add_value(struct td_json_writer *w, const char *key, const struct td_json *json)
{
	switch (td_json_type(json)) {
	case TD_JSON_NULL:
		td_json_add_null(w, key);
		break;
	case TD_JSON_BOOL:
		td_json_add_bool(w, key, td_json_bool_or(json, NULL, false));
		break;
	case TD_JSON_INT:
	case TD_JSON_FLOAT:
		td_json_add_raw(w, key, td_json_number(json));
		break;
	case TD_JSON_STRING:
		td_json_add_string(w, key, td_json_text_or(json, NULL, ""));
		break;
	case TD_JSON_ARRAY:
		add_container(w, key, json, false);
		break;
	case TD_JSON_OBJECT:
		add_container(w, key, json, true);
		break;
	}
}
