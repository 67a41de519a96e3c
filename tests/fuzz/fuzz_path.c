/* SPDX-License-Identifier: MIT */
/*
 * The small languages of base from any text: names, durations, sizes, words. What is accepted
 * must come back from its own print.
 */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_path(const char *text)
{
	struct td_path path, again;
	const char *why = NULL;
	char *print;

	if (td_path_parse(text, &path, &why) < 0) {
		td_assert(why != NULL);
		return;
	}
	td_assert(td_path_is_group(path.group));
	if (path.kind == TD_PATH_ID)
		print = td_mem_printf("#%" PRIu64, path.id);
	else if (path.kind == TD_PATH_TASK)
		print = td_mem_printf("%s/%s", path.group, path.task);
	else
		print = td_mem_strdup(path.group);
	td_assert(td_path_parse(print, &again, &why) == 0);
	td_assert(path.kind == again.kind && path.id == again.id);
	td_assert(strcmp(path.group, again.group) == 0 && strcmp(path.task, again.task) == 0);
	td_assert(strcmp(print, text) == 0 || strcmp(text, "/") == 0);
	td_mem_free(print);
}

static void check_numbers(const char *text)
{
	char print[TD_DURATION_TEXT];
	int64_t value, again;
	bool flag;

	/* The print leaves out what is below its last digit. */
	if (td_duration_parse(text, &value) == 0) {
		td_assert(value >= 0);
		td_assert(td_duration_parse(td_duration_print(value, print), &again) == 0);
		td_assert(again <= value && value - again < 1000000);
	}
	if (td_size_parse(text, &value) == 0) {
		td_assert(value >= 0);
		td_assert(td_size_parse(td_size_print(value, print), &again) == 0);
		td_assert(again <= value && value - again <= value / 1000 + 1);
	}
	if (td_integer_parse(text, &value) == 0) {
		char *whole = td_mem_printf("%" PRId64, value);

		td_assert(td_integer_parse(whole, &again) == 0 && value == again);
		td_mem_free(whole);
	}
	(void)td_boolean_parse(text, &flag); /* any answer will do */
}

/* Words, quoted one by one, are the same words. */
static void check_words(const char *text)
{
	struct td_strbuf quoted = TD_STRBUF_INIT;
	char **words, **again;
	size_t n, n_again;

	if (td_words_split(text, &words, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		for (const char *c = words[i]; *c != '\0'; c++)
			td_strbuf_addf(&quoted, *c == '\'' ? "\\%c" : "'%c'", *c);
		td_strbuf_adds(&quoted, "'' ");
	}
	td_assert(td_words_split(td_strbuf_text(&quoted), &again, &n_again) == 0);
	td_assert(n == n_again);
	for (size_t i = 0; i < n; i++)
		td_assert(strcmp(words[i], again[i]) == 0);
	td_words_free(words);
	td_words_free(again);
	td_strbuf_fini(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = td_mem_strndup((const char *)bytes, size), clean[32];
	size_t n = td_utf8_clean(clean, sizeof(clean), (const char *)bytes, size);

	td_assert(n < sizeof(clean) && td_utf8_valid(clean, n));
	check_path(text);
	check_numbers(text);
	check_words(text);
	td_mem_free(text);
	return 0;
}
