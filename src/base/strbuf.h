/* SPDX-License-Identifier: MIT */
/* A text that grows. Errors stick: build the whole, then ask td_strbuf_ok() once. */
#ifndef TD_BASE_STRBUF_H
#define TD_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct td_strbuf {
	char *text; /* owned; NUL-terminated, or NULL while empty */
	size_t length, capacity;
	size_t limit; /* bytes; 0: none */
	bool failed;  /* out of memory, or above the limit */
};

#define TD_STRBUF_INIT ((struct td_strbuf){0})

void td_strbuf_fini(struct td_strbuf *buf);
void td_strbuf_reset(struct td_strbuf *buf); /* empty again; keeps the memory */
void td_strbuf_add(struct td_strbuf *buf, const void *bytes, size_t length);
/* Adds `length` bytes for the caller to fill in at once; NULL when it failed. */
char *td_strbuf_room(struct td_strbuf *buf, size_t length);
void td_strbuf_adds(struct td_strbuf *buf, const char *text);
void td_strbuf_addc(struct td_strbuf *buf, char c);
void td_strbuf_addf(struct td_strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void td_strbuf_addv(struct td_strbuf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
bool td_strbuf_ok(const struct td_strbuf *buf);
/* Hands the text to the caller ("" rather than NULL); NULL when it failed. The buffer is empty. */
char *td_strbuf_take(struct td_strbuf *buf);
/* The text so far, never NULL. */
const char *td_strbuf_text(const struct td_strbuf *buf);

#endif
