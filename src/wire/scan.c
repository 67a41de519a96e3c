/* SPDX-License-Identifier: MIT */
/*
 * A recursive descent over one JSON text: it builds nothing, and keeps only the keys of the
 * objects that are open, unescaped, to find those that are given twice.
 */
#include "wire/scan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#define EXPONENT_MAX 308 /* numbers are below 1e308, so that each is a finite double */

struct key {
	size_t start, length; /* in scan.names */
	size_t offset;        /* in the text */
};

struct scan {
	const char *text;
	size_t length, at;
	size_t depth;
	struct td_strbuf names; /* the unescaped keys of the open objects, one after the other */
	struct key *keys;       /* owned array */
	size_t n_keys, capacity;
	struct td_failure *failure; /* borrowed, or NULL */
};

static int scan_value(struct scan *s);

static int refuse(struct scan *s, size_t at, const char *rule)
{
	return td_fail(s->failure, -TASKD_EPROTO, NULL, "byte %zu: %s", at, rule);
}

static int refuse_memory(struct scan *s)
{
	return td_fail(s->failure, -TASKD_ENOMEM, NULL, "out of memory at byte %zu", s->at);
}

/* The byte at hand, or -1 at the end. */
static int peek(const struct scan *s)
{
	return s->at < s->length ? (unsigned char)s->text[s->at] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void skip_blanks(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' || peek(s) == '\r')
		s->at++;
}

static int scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->length - s->at < n || memcmp(s->text + s->at, word, n) != 0)
		return refuse(s, s->at, "expected a value");
	s->at += n;
	return 0;
}

/* --- numbers --- */

static size_t skip_digits(struct scan *s)
{
	size_t start = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at - start;
}

/* Whether the digits from `start` to `end`, after an optional '-', fit int64. */
static bool fits_int64(const struct scan *s, size_t start, size_t end)
{
	bool negative = s->text[start] == '-';
	int64_t value = 0;

	/* Downwards, since there is one negative number more. */
	for (size_t i = start + negative; i < end; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, s->text[i] - '0', &value))
			return false;
	return negative || value != INT64_MIN;
}

/* The power of ten above a number whose digits begin at `start`: 3 for 123, -1 for 0.012. */
static int64_t magnitude(const struct scan *s, size_t start, size_t end, int64_t exponent)
{
	int64_t power = exponent;
	bool in_fraction = false, seen = false;

	for (size_t i = start; i < end; i++) {
		if (s->text[i] == '.') {
			in_fraction = true;
			continue;
		}
		seen = seen || s->text[i] != '0';
		if (!in_fraction && seen)
			power++;
		else if (in_fraction && !seen)
			power--;
	}
	/* Zero is small, whatever its exponent. */
	return seen ? power : 0;
}

/* Reads what follows 'e'. Saturates: no exponent of a short number gets near INT64_MAX. */
static int scan_exponent(struct scan *s, int64_t *exponent)
{
	bool negative;

	s->at++;
	negative = peek(s) == '-';
	if (peek(s) == '+' || peek(s) == '-')
		s->at++;
	if (!is_digit(peek(s)))
		return refuse(s, s->at, "expected a digit in the exponent");
	for (; is_digit(peek(s)); s->at++)
		if (*exponent < 1000000)
			*exponent = *exponent * 10 + (peek(s) - '0');
	if (negative)
		*exponent = -*exponent;
	return 0;
}

static int scan_number(struct scan *s)
{
	size_t start = s->at, digits, end;
	int64_t exponent = 0;
	bool is_int = true;
	int r = 0;

	if (peek(s) == '-')
		s->at++;
	digits = s->at;
	if (skip_digits(s) == 0)
		return refuse(s, s->at, "expected a digit");
	if (s->text[digits] == '0' && s->at - digits > 1)
		return refuse(s, digits, "a number does not begin with 0");
	if (peek(s) == '.') {
		is_int = false;
		s->at++;
		if (skip_digits(s) == 0)
			return refuse(s, s->at, "expected a digit after the point");
	}
	end = s->at;
	if (peek(s) == 'e' || peek(s) == 'E') {
		is_int = false;
		r = scan_exponent(s, &exponent);
	}
	if (r < 0)
		return r;
	if (is_int && !fits_int64(s, start, end))
		return refuse(s, start, "an integer must fit 64 bits");
	if (s->at - start > TD_SCAN_NUMBER_MAX)
		return refuse(s, start, "a number has at most 63 characters");
	if (magnitude(s, digits, end, exponent) > EXPONENT_MAX)
		return refuse(s, start, "a number must be below 1e308");
	return 0;
}

/* --- strings --- */

/* Reads the four digits after \u. Returns: the value, or -1. */
static int32_t scan_hex(struct scan *s)
{
	int32_t value = 0;

	for (int i = 0; i < 4; i++, s->at++) {
		int c = peek(s);

		if (is_digit(c))
			value = value * 16 + (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

static void add_char(struct td_strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		td_strbuf_addc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		td_strbuf_addc(out, (char)(0xC0 | c >> 6));
	} else {
		if (c < 0x10000) {
			td_strbuf_addc(out, (char)(0xE0 | c >> 12));
		} else {
			td_strbuf_addc(out, (char)(0xF0 | c >> 18));
			td_strbuf_addc(out, (char)(0x80 | (c >> 12 & 0x3F)));
		}
		td_strbuf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
	}
	td_strbuf_addc(out, (char)(0x80 | (c & 0x3F)));
}

/* Reads \uXXXX, or two of them that make a pair; s->at is at the first digit. */
static int scan_unicode(struct scan *s, struct td_strbuf *out)
{
	size_t start = s->at - 2;
	int32_t c = scan_hex(s), low;

	if (c < 0)
		return refuse(s, s->at, "expected four hexadecimal digits after \\u");
	if (c == 0)
		return refuse(s, start, "\\u0000 is not allowed in a text");
	if (c >= 0xDC00 && c <= 0xDFFF)
		return refuse(s, start, "half a surrogate pair");
	if (c >= 0xD800 && c <= 0xDBFF) {
		if (s->length - s->at < 6 || memcmp(s->text + s->at, "\\u", 2) != 0)
			return refuse(s, start, "half a surrogate pair");
		s->at += 2;
		low = scan_hex(s);
		if (low < 0xDC00 || low > 0xDFFF)
			return refuse(s, start, "half a surrogate pair");
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	if (out != NULL)
		add_char(out, (uint32_t)c);
	return 0;
}

static int scan_escape(struct scan *s, struct td_strbuf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = s->at + 1 < s->length ? (unsigned char)s->text[s->at + 1] : 0;
	const char *known = c != 0 ? strchr(from, c) : NULL;

	if (c == 'u') {
		s->at += 2;
		return scan_unicode(s, out);
	}
	if (known == NULL)
		return refuse(s, s->at, "unknown escape in a text");
	if (out != NULL)
		td_strbuf_addc(out, to[known - from]);
	s->at += 2;
	return 0;
}

/* Reads a string; adds it, unescaped, to `out` unless that is NULL. */
static int scan_string(struct scan *s, struct td_strbuf *out)
{
	size_t start = s->at++;

	for (;;) {
		int c = peek(s), r = 0;
		size_t n = 1;

		if (c < 0)
			return refuse(s, start, "the text that begins here does not end");
		if (c == '"')
			break;
		if (c < 0x20)
			return refuse(s, s->at, "a control character in a text");
		if (c == '\\') {
			r = scan_escape(s, out);
			if (r < 0)
				return r;
			continue;
		}
		if (c >= 0x80)
			n = td_utf8_char(s->text + s->at, s->length - s->at);
		if (n == 0)
			return refuse(s, s->at, "invalid UTF-8");
		if (out != NULL)
			td_strbuf_add(out, s->text + s->at, n);
		s->at += n;
	}
	s->at++;
	return 0;
}

/* --- keys --- */

static int compare_keys(const void *a, const void *b, void *names)
{
	const struct key *x = a, *y = b;
	const char *base = names;

	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return memcmp(base + x->start, base + y->start, x->length);
}

/* Checks the keys from `first` on, those of the object that ends, and forgets them. */
static int close_keys(struct scan *s, size_t first)
{
	char *names = (char *)td_strbuf_text(&s->names);
	size_t n = s->n_keys - first, names_end;
	struct key *keys;

	if (n == 0)
		return 0;
	keys = s->keys + first;
	names_end = keys[0].start;
	qsort_r(keys, n, sizeof(*keys), compare_keys, names);
	for (size_t i = 1; i < n; i++) {
		const struct key *a = &keys[i - 1], *b = &keys[i];

		if (compare_keys(a, b, names) == 0)
			return td_fail(s->failure, -TASKD_EPROTO, NULL,
				       "byte %zu: the key \"%.*s\" is given twice",
				       a->offset > b->offset ? a->offset : b->offset,
				       (int)(a->length < 100 ? a->length : 100), names + a->start);
	}
	s->n_keys = first;
	s->names.length = names_end;
	return 0;
}

static int scan_key(struct scan *s)
{
	struct key key = {.start = s->names.length, .offset = s->at};
	int r;

	if (peek(s) != '"')
		return refuse(s, s->at, "expected a key in double quotes");
	r = scan_string(s, &s->names);
	if (r < 0)
		return r;
	if (!td_strbuf_ok(&s->names))
		return refuse_memory(s);
	key.length = s->names.length - key.start;
	if (s->n_keys == s->capacity) {
		size_t capacity = s->capacity > 0 ? s->capacity * 2 : 16;
		struct key *keys = td_mem_resize(s->keys, capacity * sizeof(*keys));

		if (keys == NULL)
			return refuse_memory(s);
		s->keys = keys;
		s->capacity = capacity;
	}
	s->keys[s->n_keys++] = key;
	return 0;
}

/* --- structure --- */

static int scan_member(struct scan *s)
{
	int r = scan_key(s);

	if (r < 0)
		return r;
	skip_blanks(s);
	if (peek(s) != ':')
		return refuse(s, s->at, "expected ':' after a key");
	s->at++;
	skip_blanks(s);
	return scan_value(s);
}

/* Reads an object or an array: `close` is '}' or ']'. */
static int scan_container(struct scan *s, char close)
{
	size_t start = s->at++, first_key = s->n_keys;
	bool empty = true;
	int r;

	if (s->depth >= TD_SCAN_DEPTH_MAX)
		return refuse(s, start, "more than 32 levels of nesting");
	s->depth++;
	for (;;) {
		skip_blanks(s);
		if (peek(s) == close && empty)
			break;
		r = close == '}' ? scan_member(s) : scan_value(s);
		if (r < 0)
			return r;
		empty = false;
		skip_blanks(s);
		if (peek(s) == close)
			break;
		if (peek(s) != ',')
			return refuse(s, s->at,
				      close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
	}
	s->at++;
	s->depth--;
	return close_keys(s, first_key);
}

static int scan_value(struct scan *s)
{
	switch (peek(s)) {
	case '{':
		return scan_container(s, '}');
	case '[':
		return scan_container(s, ']');
	case '"':
		return scan_string(s, NULL);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (peek(s) == '-' || is_digit(peek(s)))
			return scan_number(s);
		return refuse(s, s->at, "expected a value");
	}
}

int td_scan(const char *text, size_t length, struct td_failure *failure)
{
	struct scan s = {.text = text, .length = length, .failure = failure};
	int r;

	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		return refuse(&s, 0, "a byte order mark is not allowed");
	skip_blanks(&s);
	r = scan_value(&s);
	if (r == 0) {
		skip_blanks(&s);
		if (s.at < length)
			r = refuse(&s, s.at, "something follows the value");
	}
	td_assert(r < 0 || (s.depth == 0 && s.n_keys == 0));
	td_strbuf_fini(&s.names);
	td_mem_free(s.keys);
	return r;
}
