/* SPDX-License-Identifier: MIT */
/* Terminal, colours, and the width of text. */
#include "cli/style.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "base/utf8.h"

#define WIDTH_MIN 20   /* columns; narrower than this is not believed */
#define WIDTH_MAX 1000 /* columns */

/* The 8 basic colours only: they follow the theme of the terminal, light or dark. */
static const char *const tone_on[TD_TONE_COUNT] = {
	[TD_TONE_PLAIN] = "",        [TD_TONE_STRONG] = "\033[1m",   [TD_TONE_FAINT] = "\033[2m",
	[TD_TONE_GOOD] = "\033[32m", [TD_TONE_LIVE] = "\033[36m",    [TD_TONE_WARN] = "\033[33m",
	[TD_TONE_BAD] = "\033[31m",  [TD_TONE_WORST] = "\033[1;31m",
};

static bool environment_has(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

void td_style_refresh(struct td_style *style, int fd)
{
	struct winsize size;
	struct timespec now;
	const char *columns = getenv("COLUMNS");
	int64_t wanted;

	if (clock_gettime(CLOCK_REALTIME, &now) == 0)
		style->now_us = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
	style->width = style->height = 0;
	if (style->terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN) {
		style->width = size.ws_col;
		style->height = size.ws_row;
	}
	if (columns != NULL && td_integer_parse(columns, &wanted) == 0 && wanted >= WIDTH_MIN &&
	    wanted <= WIDTH_MAX)
		style->width = (int)wanted;
}

/* Whether the locale writes a line of a drawing as UTF-8 does. */
static bool locale_is_utf8(void)
{
	char bytes[MB_LEN_MAX];
	mbstate_t state;

	memset(&state, 0, sizeof(state));
	return wcrtomb(bytes, L'\u2500', &state) == 3 && memcmp(bytes, "\xe2\x94\x80", 3) == 0;
}

void td_style_init(struct td_style *style, int fd, bool no_color)
{
	const char *term = getenv("TERM");
	bool dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;

	*style = (struct td_style){0};
	style->terminal = isatty(fd) == 1;
	style->color = style->terminal && !no_color && !dumb && !environment_has("NO_COLOR");
	style->utf8 = locale_is_utf8();
	td_style_refresh(style, fd);
}

const char *td_style_on(const struct td_style *style, enum td_tone tone)
{
	td_assert(tone < TD_TONE_COUNT);
	return style->color ? tone_on[tone] : "";
}

const char *td_style_off(const struct td_style *style, enum td_tone tone)
{
	return style->color && tone != TD_TONE_PLAIN ? "\033[0m" : "";
}

char *td_style_clean(const struct td_style *style, const char *text)
{
	size_t length = text ? strlen(text) : 0, n = 0;
	char *clean = td_mem_new(length + 1);

	if (clean == NULL)
		return NULL;
	length = td_utf8_clean(clean, length + 1, text ? text : "", length);
	for (size_t i = 0; i < length;) {
		size_t size = td_utf8_char(clean + i, length - i);

		if (clean[i] == '\t' || (size > 1 && !style->utf8))
			clean[n++] = clean[i] == '\t' ? ' ' : '?';
		else
			for (size_t k = 0; k < size; k++)
				clean[n++] = clean[i + k];
		i += size ? size : 1;
	}
	clean[n] = '\0';
	return clean;
}

/* The columns of the character at `bytes`, and its length in bytes. */
static size_t char_columns(const char *bytes, size_t length, size_t *ret_size)
{
	size_t size = td_utf8_char(bytes, length);
	wchar_t c = (unsigned char)bytes[0];
	int columns;

	*ret_size = size ? size : 1;
	if (size <= 1)
		return 1;
	c = bytes[0] & (0x7f >> size);
	for (size_t i = 1; i < size; i++)
		c = (c << 6) | (bytes[i] & 0x3f);
	columns = wcwidth(c);
	return columns >= 0 ? (size_t)columns : 1;
}

size_t td_style_columns(const struct td_style *style, const char *text)
{
	size_t length = strlen(text), columns = 0, size;

	(void)style; /* a clean text is what the locale can show; the width follows from it */
	for (size_t i = 0; i < length; i += size)
		columns += char_columns(text + i, length - i, &size);
	return columns;
}

size_t td_style_fit(const struct td_style *style, struct td_strbuf *out, const char *text,
		    size_t columns)
{
	size_t all = td_style_columns(style, text), length = strlen(text), used = 0, size;
	const char *mark = style->utf8 ? "…" : "~";

	if (all <= columns) {
		td_strbuf_adds(out, text);
		return all;
	}
	if (columns == 0)
		return 0;
	for (size_t i = 0; i < length; i += size) {
		size_t step = char_columns(text + i, length - i, &size);

		if (used + step > columns - 1)
			break;
		td_strbuf_add(out, text + i, size);
		used += step;
	}
	td_strbuf_adds(out, mark);
	return used + 1;
}

void td_style_put(const struct td_style *style, struct td_strbuf *out, enum td_tone tone,
		  const char *text)
{
	char *clean = td_style_clean(style, text);

	if (clean == NULL) {
		out->failed = true;
		return;
	}
	td_strbuf_adds(out, td_style_on(style, tone));
	td_strbuf_adds(out, clean);
	td_strbuf_adds(out, td_style_off(style, tone));
	td_mem_free(clean);
}

void td_style_take(const struct td_style *style, struct td_strbuf *out, enum td_tone tone,
		   struct td_strbuf *text)
{
	if (td_strbuf_ok(text))
		td_style_put(style, out, tone, td_strbuf_text(text));
	else
		out->failed = true;
	td_strbuf_fini(text);
}
