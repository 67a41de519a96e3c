/* SPDX-License-Identifier: MIT */
/* Fills in a struct td_failure: once, at the place where the error arose. */
#include "base/failure.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/utf8.h"

/* Takes away the part of a character that a cut at `limit` has left at the end of a text. */
static void trim_cut(char *text)
{
	size_t length = strlen(text), start = length;

	while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0 || ((unsigned char)text[start - 1] & 0xC0) != 0xC0)
		return;
	start--;
	if (td_utf8_char(text + start, length - start) == 0)
		text[start] = '\0';
}

int td_fail(struct td_failure *failure, int code, const char *subject, const char *format, ...)
{
	va_list args;

	td_assert(code < 0);
	if (failure == NULL || failure->code != 0)
		return code;
	va_start(args, format);
	if (vsnprintf(failure->text, sizeof(failure->text), format, args) < 0)
		failure->text[0] = '\0';
	va_end(args);
	(void)snprintf(failure->subject, sizeof(failure->subject), "%s",
		       subject != NULL ? subject : ""); /* a cut subject is meant */
	trim_cut(failure->text);
	trim_cut(failure->subject);
	failure->code = code;
	return code;
}
