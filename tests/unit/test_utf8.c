/* SPDX-License-Identifier: MIT */
/* Tests of base/utf8.h: what is a character, and what may be shown. */
#include "base/utf8.h"

#include <string.h>

#include "base/assert.h"
#include "tdtest.h"

/* Writes a code point by the plain scheme, valid or not. */
static size_t encode(uint32_t c, unsigned char out[4])
{
	if (c < 0x80) {
		out[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (unsigned char)(0xC0 | c >> 6);
		out[1] = (unsigned char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (unsigned char)(0xE0 | c >> 12);
		out[1] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (unsigned char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (unsigned char)(0xF0 | c >> 18);
	out[1] = (unsigned char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (unsigned char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (unsigned char)(0x80 | (c & 0x3F));
	return 4;
}

START_TEST(every_character_is_known_and_nothing_else)
{
	for (uint32_t c = 0; c < 0x1FFFFF; c++) {
		unsigned char bytes[4];
		size_t n = encode(c, bytes);
		bool valid = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);

		ck_assert_uint_eq(td_utf8_char((const char *)bytes, n), valid ? n : 0);
		/* Cut short it is none. */
		if (n > 1)
			ck_assert_uint_eq(td_utf8_char((const char *)bytes, n - 1), 0);
	}
	ck_assert_uint_eq(td_utf8_char("", 0), 0);
}
END_TEST

START_TEST(malformed_bytes_are_refused)
{
	static const char *const bad[] = {
		"\x80",
		"\xBF",
		"\xC0\x80",
		"\xC1\xBF",
		"\xC2",
		"\xC2\x41",
		"\xE0\x80\x80",
		"\xE0\x9F\xBF",
		"\xED\xA0\x80",
		"\xF0\x80\x80\x80",
		"\xF0\x8F\xBF\xBF",
		"\xF4\x90\x80\x80",
		"\xF5\x80\x80\x80",
		"\xFE",
		"\xFF",
		"\xE2\x82",
		"\xE2\x28\xA1",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(bad); i++)
		ck_assert(!td_utf8_valid(bad[i], strlen(bad[i])));
	ck_assert(td_utf8_valid("", 0));
	ck_assert(td_utf8_valid("a\0b", 3));
	ck_assert(td_utf8_valid("\xE2\x82\xAC\xF0\x9F\x98\x80", 7));
	ck_assert(!td_utf8_valid("ok\xFF", 3));
}
END_TEST

static void check_clean(const char *bytes, size_t size, const char *expected)
{
	char to[64];

	memset(to, 'X', sizeof(to));
	ck_assert_uint_eq(td_utf8_clean(to, size, bytes, strlen(bytes)), strlen(expected));
	ck_assert_str_eq(to, expected);
	/* Not a byte beyond what was given. */
	ck_assert_int_eq(to[size], 'X');
}

START_TEST(a_clean_text_cannot_trick_a_terminal)
{
	check_clean("plain text", 40, "plain text");
	check_clean("a\tb", 40, "a\tb");
	check_clean("\x1B[2Jx\r\n\x7F", 40, ".[2Jx...");
	check_clean("\xC2\x9B"
		    "31m",
		    40, ".31m"); /* U+009B is a CSI of one character */
	check_clean("caf\xC3\xA9", 40, "caf\xC3\xA9");
	check_clean("\xFF\xC3", 40, "??");
	check_clean("\xE2\x82z", 40, "??z");
}
END_TEST

START_TEST(a_clean_text_is_cut_between_characters)
{
	check_clean("ab\xE2\x82\xAC", 6, "ab\xE2\x82\xAC");
	check_clean("ab\xE2\x82\xAC", 5, "ab");
	check_clean("ab\xE2\x82\xAC", 3, "ab");
	check_clean("ab", 1, "");
}
END_TEST

TD_TEST_MAIN("utf8", every_character_is_known_and_nothing_else, malformed_bytes_are_refused,
	     a_clean_text_cannot_trick_a_terminal, a_clean_text_is_cut_between_characters)
