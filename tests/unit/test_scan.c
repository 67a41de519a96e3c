/* SPDX-License-Identifier: MIT */
/* Tests of wire/scan.h: what passes, what does not, and what is said about it. */
#include "wire/scan.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "tdtest.h"

static void check_good(const char *text)
{
	struct td_failure failure = {.code = 0};

	ck_assert_msg(td_scan(text, strlen(text), &failure) == 0, "'%s': %s", text, failure.text);
}

static void check_bad(const char *text, size_t length, const char *expected)
{
	struct td_failure failure = {.code = 0};
	int r = td_scan(text, length, &failure);

	ck_assert_msg(r == -TASKD_EPROTO, "'%s' passes", text);
	ck_assert_int_eq(failure.code, -TASKD_EPROTO);
	ck_assert_msg(strncmp(failure.text, expected, strlen(expected)) == 0,
		      "'%s': '%s' instead of '%s'", text, failure.text, expected);
}

START_TEST(values_of_every_type_pass)
{
	static const char *const good[] = {
		"null",
		"true",
		" false ",
		"\t\r\n0\n",
		"-0",
		"9223372036854775807",
		"-9223372036854775808",
		"1763651234567890",
		"0.5",
		"-1.25e-3",
		"1E+5",
		"0e999",
		"1e307",
		"1e-99999",
		"0.001e310",
		"\"\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
		"\"\\uD83D\\uDE00 \xF0\x9F\x98\x80 \xC3\xA9 \x7F\"",
		"[]",
		"[ ]",
		"[1,[2,[]],{}]",
		"{}",
		"{ \"a\" : 1 , \"b\" : [ true ] }",
		"{\"\":1}",
		"{\"a\":{\"a\":{\"a\":1}},\"A\":2}",
		"[{\"a\":1},{\"a\":1}]",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(good); i++)
		check_good(good[i]);
}
END_TEST

static const struct {
	const char *text, *expected;
} broken[] = {
	{"", "byte 0: expected a value"},
	{"  ", "byte 2: expected a value"},
	{"nul", "byte 0: expected a value"},
	{"True", "byte 0: expected a value"},
	{"NaN", "byte 0: expected a value"},
	{"Infinity", "byte 0: expected a value"},
	{"'a'", "byte 0: expected a value"},
	{"// a", "byte 0: expected a value"},
	{"1 2", "byte 2: something follows the value"},
	{"{}x", "byte 2: something follows the value"},
	{"\xEF\xBB\xBF{}", "byte 0: a byte order mark is not allowed"},
	{"01", "byte 0: a number does not begin with 0"},
	{"[-007]", "byte 2: a number does not begin with 0"},
	{"-", "byte 1: expected a digit"},
	{"+1", "byte 0: expected a value"},
	{".5", "byte 0: expected a value"},
	{"1.", "byte 2: expected a digit after the point"},
	{"1.e5", "byte 2: expected a digit after the point"},
	{"1e", "byte 2: expected a digit in the exponent"},
	{"1e+", "byte 3: expected a digit in the exponent"},
	{"0x10", "byte 1: something follows the value"},
	{"9223372036854775808", "byte 0: an integer must fit 64 bits"},
	{"[-9223372036854775809]", "byte 1: an integer must fit 64 bits"},
	{"1e400", "byte 0: a number must be below 1e308"},
	{"-1e308", "byte 0: a number must be below 1e308"},
	{"1234.5e305", "byte 0: a number must be below 1e308"},
	{"1e99999999999999999999999", "byte 0: a number must be below 1e308"},
	{"0.1234567890123456789012345678901234567890123456789012345678901234",
	 "byte 0: a number has at most 63 characters"},
	{"\"abc", "byte 0: the text that begins here does not end"},
	{"\"abc\\\"", "byte 0: the text that begins here does not end"},
	{"\"a\nb\"", "byte 2: a control character in a text"},
	{"\"\\x\"", "byte 1: unknown escape in a text"},
	{"\"\\", "byte 1: unknown escape in a text"},
	{"\"\\u12g4\"", "byte 5: expected four hexadecimal digits"},
	{"\"\\u12", "byte 5: expected four hexadecimal digits"},
	{"\"\\u0000x\"", "byte 1: \\u0000 is not allowed"},
	{"{\"\\u0000\":1}", "byte 2: \\u0000 is not allowed"},
	{"\"\\uD800\"", "byte 1: half a surrogate pair"},
	{"\"\\uD800\\n\"", "byte 1: half a surrogate pair"},
	{"\"\\uD800\\u0041\"", "byte 1: half a surrogate pair"},
	{"\"\\uDC00\"", "byte 1: half a surrogate pair"},
	{"\"\xFF\xFE\"", "byte 1: invalid UTF-8"},
	{"\"\xED\xA0\x80\"", "byte 1: invalid UTF-8"},
	{"\"\xC3\"", "byte 1: invalid UTF-8"},
	{"\xC3\xA9", "byte 0: expected a value"},
	{"[1 2]", "byte 3: expected ',' or ']'"},
	{"[1,]", "byte 3: expected a value"},
	{"[,1]", "byte 1: expected a value"},
	{"[1", "byte 2: expected ',' or ']'"},
	{"[}", "byte 1: expected a value"},
	{"{\"a\"}", "byte 4: expected ':' after a key"},
	{"{\"a\":}", "byte 5: expected a value"},
	{"{\"a\":1,}", "byte 7: expected a key in double quotes"},
	{"{a:1}", "byte 1: expected a key in double quotes"},
	{"{1:1}", "byte 1: expected a key in double quotes"},
	{"{\"a\":1 \"b\":2}", "byte 7: expected ',' or '}'"},
	{"{\"a\":1", "byte 6: expected ',' or '}'"},
	{"{\"a\":1,\"a\":2}", "byte 7: the key \"a\" is given twice"},
	{"{\"a\":1,\"\\u0061\":2}", "byte 7: the key \"a\" is given twice"},
	{"{\"/\":1,\"\\/\":2}", "byte 7: the key \"/\" is given twice"},
	{"{\"\":1,\"\":2}", "byte 6: the key \"\" is given twice"},
	{"{\"\xF0\x9F\x98\x80\":1,\"\\uD83D\\uDE00\":2}", "byte 10: the key"},
	{"{\"\xC3\xA9\":1,\"\\u00e9\":2}", "byte 8: the key"},
	{"{\"\xE2\x82\xAC\":1,\"\\u20AC\":2}", "byte 9: the key"},
	{"{\"b\":{\"x\":1},\"a\":{\"a\":1},\"c\":0,\"b\":2}", "byte 31: the key \"b\""},
};

START_TEST(each_broken_rule_is_named_with_its_place)
{
	for (size_t i = 0; i < TD_ARRAY_SIZE(broken); i++)
		check_bad(broken[i].text, strlen(broken[i].text), broken[i].expected);
	check_bad("{}\0", 3, "byte 2: something follows the value");
	check_bad("\"a\0b\"", 5, "byte 2: a control character in a text");
}
END_TEST

static char *nested(size_t depth, const char *open, const char *close)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	for (size_t i = 0; i < depth; i++)
		td_strbuf_adds(&buf, open);
	td_strbuf_adds(&buf, "1");
	for (size_t i = 0; i < depth; i++)
		td_strbuf_adds(&buf, close);
	return td_strbuf_take(&buf);
}

START_TEST(nesting_is_limited)
{
	char *text = nested(TD_SCAN_DEPTH_MAX, "[", "]");

	check_good(text);
	td_mem_free(text);
	text = nested(TD_SCAN_DEPTH_MAX, "{\"a\":", "}");
	check_good(text);
	td_mem_free(text);
	text = nested(TD_SCAN_DEPTH_MAX + 1, "[", "]");
	check_bad(text, strlen(text), "byte 32: more than 32 levels of nesting");
	td_mem_free(text);
	text = nested(100000, "[", "]");
	check_bad(text, strlen(text), "byte 32: more than 32 levels of nesting");
	td_mem_free(text);
}
END_TEST

START_TEST(a_key_given_twice_is_found_among_many)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	td_strbuf_addc(&buf, '{');
	for (int i = 0; i < 50000; i++)
		td_strbuf_addf(&buf, "\"k%d\":{\"same\":0},", i);
	td_strbuf_adds(&buf, "\"last\":0");
	td_strbuf_addc(&buf, '}');
	check_good(td_strbuf_text(&buf));
	buf.text[buf.length - 1] = ',';
	td_strbuf_adds(&buf, "\"k777\":0}");
	check_bad(td_strbuf_text(&buf), buf.length, "byte");
	td_strbuf_fini(&buf);
}
END_TEST

START_TEST(no_allocation_that_fails_leaks)
{
	static const char text[] = "{\"a\":{\"b\":[{\"c\":1,\"d\":2}]},\"e\":3}";

	TD_TEST_TORTURE(td_scan(text, strlen(text), NULL));
}
END_TEST

START_TEST(every_cut_of_a_text_is_refused)
{
	static const char text[] = "{\"a\":[1,2.5e1,\"x\\u00e9\",true,null],\"b\":{\"c\":false}}";

	for (size_t n = 0; n < strlen(text); n++) {
		/* A copy of exactly that size, so that a read beyond it is seen. */
		char *cut = td_mem_array(1, n > 0 ? n : 1);

		memcpy(cut, text, n);
		ck_assert_int_eq(td_scan(cut, n, NULL), -TASKD_EPROTO);
		td_mem_free(cut);
	}
}
END_TEST

TD_TEST_MAIN("scan", values_of_every_type_pass, each_broken_rule_is_named_with_its_place,
	     nesting_is_limited, a_key_given_twice_is_found_among_many,
	     no_allocation_that_fails_leaks, every_cut_of_a_text_is_refused)
