/* SPDX-License-Identifier: MIT */
/* UTF-8: what is a character, and what may be shown. */
#include "base/utf8.h"

#include <string.h>

#include "base/assert.h"

size_t td_utf8_char(const char *bytes, size_t length)
{
	const unsigned char *b = (const unsigned char *)bytes;
	unsigned char low = 0x80, high = 0xBF; /* what the second byte may be */
	size_t n;

	if (length == 0)
		return 0;
	if (b[0] < 0x80)
		return 1;
	if (b[0] >= 0xC2 && b[0] <= 0xDF)
		n = 2;
	else if (b[0] >= 0xE0 && b[0] <= 0xEF)
		n = 3;
	else if (b[0] >= 0xF0 && b[0] <= 0xF4)
		n = 4;
	else
		return 0;
	if (b[0] == 0xE0)
		low = 0xA0; /* below it: overlong */
	else if (b[0] == 0xED)
		high = 0x9F; /* above it: surrogates */
	else if (b[0] == 0xF0)
		low = 0x90; /* overlong */
	else if (b[0] == 0xF4)
		high = 0x8F; /* beyond U+10FFFF */
	if (length < n || b[1] < low || b[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((b[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

bool td_utf8_valid(const char *bytes, size_t length)
{
	size_t n;

	for (size_t i = 0; i < length; i += n) {
		n = td_utf8_char(bytes + i, length - i);
		if (n == 0)
			return false;
	}
	return true;
}

static bool is_control(const char *c, size_t n)
{
	unsigned char first = (unsigned char)c[0];

	if (n == 1)
		return (first < 0x20 && first != '\t') || first == 0x7F;
	/* U+0080 to U+009F: a terminal may take U+009B as the start of a command. */
	return first == 0xC2 && (unsigned char)c[1] < 0xA0;
}

size_t td_utf8_clean(char *to, size_t size, const char *bytes, size_t length)
{
	size_t used = 0, step;

	td_assert(size > 0);
	for (size_t i = 0; i < length; i += step) {
		size_t n = td_utf8_char(bytes + i, length - i);
		char plain = n == 0 ? '?' : '.';
		bool copied = n > 0 && !is_control(bytes + i, n);
		size_t need = copied ? n : 1;

		step = n > 0 ? n : 1;
		if (used + need > size - 1)
			break;
		memcpy(to + used, copied ? bytes + i : &plain, need);
		used += need;
	}
	to[used] = '\0';
	return used;
}
