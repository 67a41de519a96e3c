/* SPDX-License-Identifier: MIT */
/*
 * How text looks on the terminal or the pipe it goes to: width, colours, line drawing. Everything
 * that is printed passes through here, so that text from the daemon cannot trick a terminal.
 */
#ifndef TD_CLI_STYLE_H
#define TD_CLI_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

enum td_tone {
	TD_TONE_PLAIN,
	TD_TONE_STRONG, /* names of groups, headings */
	TD_TONE_FAINT,  /* lines of the tree, ages, what matters little */
	TD_TONE_GOOD,   /* completed */
	TD_TONE_LIVE,   /* running */
	TD_TONE_WARN,   /* asked to stop, cancelled, aborted */
	TD_TONE_BAD,    /* failed, crashed */
	TD_TONE_WORST,  /* condemned */
	TD_TONE_COUNT,
};

struct td_style {
	bool terminal; /* a person looks at it */
	bool color;
	bool utf8;      /* the locale can show more than ASCII */
	int width;      /* columns; 0: no limit */
	int height;     /* lines; 0: no limit */
	bool timeless;  /* leaves out what changes by itself: ages, times, how long it took */
	int64_t now_us; /* CLOCK_REALTIME, what ages are counted from */
};

/*
 * Looks at a descriptor, the locale and the environment (NO_COLOR, TERM, COLUMNS). The locale must
 * be set already. Never fails: what is no terminal gets no colour and no limit.
 */
void td_style_init(struct td_style *style, int fd, bool no_color);
/* Takes the time and the size of the terminal anew. */
void td_style_refresh(struct td_style *style, int fd);

/* The sequences around a tone; "" without colours. */
const char *td_style_on(const struct td_style *style, enum td_tone tone);
const char *td_style_off(const struct td_style *style, enum td_tone tone);

/* A cleaned copy of a text (NULL gives ""): one line, no control characters, and plain ASCII
 * where the locale has no more. Returns: NULL when out of memory. Owns: the caller frees it. */
char *td_style_clean(const struct td_style *style, const char *text);
/* Columns that a clean text takes. */
size_t td_style_columns(const struct td_style *style, const char *text);
/* Appends at most `columns` columns of a clean text, with a mark where it was cut. Returns: the
 * columns it took. */
size_t td_style_fit(const struct td_style *style, struct td_strbuf *out, const char *text,
		    size_t columns);
/* Cleans a text and appends it in a tone. */
void td_style_put(const struct td_style *style, struct td_strbuf *out, enum td_tone tone,
		  const char *text);
/* The same with a text that was built for it; the buffer is empty afterwards. */
void td_style_take(const struct td_style *style, struct td_strbuf *out, enum td_tone tone,
		   struct td_strbuf *text);

#endif
