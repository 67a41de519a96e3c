/* SPDX-License-Identifier: MIT */
/*
 * The end of a failed assertion. It may run in any state of the process, in a signal handler too:
 * so it neither allocates nor takes a lock, and calls nothing but write(2) and abort(3).
 */
#include "base/assert.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
	char text[512];
	size_t n;
};

static void add(struct line *line, const char *text)
{
	/* One byte stays free for the newline. */
	while (*text != '\0' && line->n < sizeof(line->text) - 1)
		line->text[line->n++] = *text++;
}

static void add_number(struct line *line, int number)
{
	char digits[12];
	size_t i = sizeof(digits);

	digits[--i] = '\0';
	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	add(line, &digits[i]);
}

void td_assert_failed(const char *what, const char *file, int line_number)
{
	struct line line = {.n = 0};

	add(&line, "taskd: assertion failed: ");
	add(&line, what);
	add(&line, " (");
	add(&line, file);
	add(&line, ":");
	add_number(&line, line_number);
	add(&line, ")");
	line.text[line.n++] = '\n';
	/* If stderr is gone there is nobody left to tell. */
	if (write(STDERR_FILENO, line.text, line.n) < 0)
		abort();
	abort();
}
