/* SPDX-License-Identifier: MIT */
/* Cuts a stream of bytes into lines for taskd_output(); never waits. */
#include "plugins/exec_lines.h"

#include <string.h>
#include <unistd.h>

#include <taskd/plugin.h>

/* Where to cut a full buffer: not inside a UTF-8 character, if it can be helped. */
static size_t cut_at(const char *text, size_t length)
{
	size_t back;

	for (back = 1; back <= 4 && back < length; back++) {
		unsigned char c = (unsigned char)text[length - back];

		if ((c & 0xC0) == 0x80)
			continue;
		if (c >= 0xC0 && back < (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : 2u))
			return length - back;
		break;
	}
	return length;
}

static void emit_lines(struct exec_lines *lines)
{
	size_t begin = 0;
	char *end;

	while ((end = memchr(lines->text + begin, '\n', lines->length - begin)) != NULL) {
		taskd_output(lines->stream, lines->text + begin,
			     (size_t)(end - lines->text) - begin);
		begin = (size_t)(end - lines->text) + 1;
	}
	if (begin == 0 && lines->length == sizeof(lines->text)) {
		begin = cut_at(lines->text, lines->length);
		taskd_output(lines->stream, lines->text, begin);
	}
	lines->length -= begin;
	memmove(lines->text, lines->text + begin, lines->length);
}

void exec_lines_read(struct exec_lines *lines, size_t limit)
{
	size_t total = 0;

	while (lines->fd >= 0 && total < limit) {
		ssize_t n = read(lines->fd, lines->text + lines->length,
				 sizeof(lines->text) - lines->length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			exec_lines_finish(lines);
			return;
		}
		total += (size_t)n;
		lines->length += (size_t)n;
		emit_lines(lines);
	}
}

void exec_lines_finish(struct exec_lines *lines)
{
	if (lines->length > 0)
		taskd_output(lines->stream, lines->text, lines->length);
	lines->length = 0;
	if (lines->fd >= 0)
		(void)close(lines->fd);
	lines->fd = -1;
}
