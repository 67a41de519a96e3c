/* SPDX-License-Identifier: MIT */
/* A text that grows by doubling. After the first failure every further call does nothing. */
#include "base/strbuf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define FIRST_CAPACITY 64 /* bytes */

void td_strbuf_fini(struct td_strbuf *buf)
{
	if (buf == NULL)
		return;
	buf->text = td_mem_free(buf->text);
	buf->length = buf->capacity = 0;
	buf->failed = false;
}

void td_strbuf_reset(struct td_strbuf *buf)
{
	buf->length = 0;
	buf->failed = false;
	if (buf->text != NULL)
		buf->text[0] = '\0';
}

/* Makes room for `more` bytes and a NUL. */
static bool reserve(struct td_strbuf *buf, size_t more)
{
	size_t need, capacity;
	char *text;

	if (buf->failed)
		return false;
	if (more > SIZE_MAX / 4 - buf->length ||
	    (buf->limit > 0 && buf->length + more > buf->limit)) {
		buf->failed = true;
		return false;
	}
	need = buf->length + more + 1;
	if (need <= buf->capacity)
		return true;
	capacity = buf->capacity > 0 ? buf->capacity * 2 : FIRST_CAPACITY;
	if (capacity < need)
		capacity = need;
	text = td_mem_resize(buf->text, capacity);
	if (text == NULL) {
		buf->failed = true;
		return false;
	}
	buf->text = text;
	buf->capacity = capacity;
	return true;
}

void td_strbuf_add(struct td_strbuf *buf, const void *bytes, size_t length)
{
	if (length == 0 || !reserve(buf, length))
		return;
	memcpy(buf->text + buf->length, bytes, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

char *td_strbuf_room(struct td_strbuf *buf, size_t length)
{
	if (!reserve(buf, length))
		return NULL;
	buf->length += length;
	buf->text[buf->length] = '\0';
	return buf->text + buf->length - length;
}

void td_strbuf_adds(struct td_strbuf *buf, const char *text)
{
	td_strbuf_add(buf, text, strlen(text));
}

void td_strbuf_addc(struct td_strbuf *buf, char c)
{
	td_strbuf_add(buf, &c, 1);
}

void td_strbuf_addf(struct td_strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	td_strbuf_addv(buf, format, args);
	va_end(args);
}

void td_strbuf_addv(struct td_strbuf *buf, const char *format, va_list args)
{
	va_list again;
	size_t room = buf->failed ? 0 : buf->capacity - buf->length;
	int n;

	/* Most texts fit into the room at hand and are formatted once. */
	va_copy(again, args);
	n = vsnprintf(room > 0 ? buf->text + buf->length : NULL, room, format, again);
	va_end(again);
	if (n < 0)
		buf->failed = true;
	if (n < 0 || !reserve(buf, (size_t)n)) {
		/* A text above the limit may already stand there: as if it never had been. */
		if (room > 0)
			buf->text[buf->length] = '\0';
		return;
	}
	if ((size_t)n >= room)
		(void)vsnprintf(buf->text + buf->length, (size_t)n + 1, format, args); /* fits */
	buf->length += (size_t)n;
}

bool td_strbuf_ok(const struct td_strbuf *buf)
{
	return !buf->failed;
}

char *td_strbuf_take(struct td_strbuf *buf)
{
	char *text = NULL;

	if (!buf->failed)
		text = buf->text != NULL ? TD_TAKE(buf->text) : td_mem_strdup("");
	td_strbuf_fini(buf);
	return text;
}

const char *td_strbuf_text(const struct td_strbuf *buf)
{
	return buf->text != NULL ? buf->text : "";
}
