/* SPDX-License-Identifier: MIT */
/* Splits a text into words by the quoting rules of the shell. */
#include "base/words.h"

#include <stdbool.h>
#include <string.h>

#include <taskd/error.h>

#include "base/mem.h"
#include "base/strbuf.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Adds what stands in double quotes; there \ protects only what has a meaning there. */
static const char *add_double_quoted(const char *text, struct td_strbuf *word)
{
	for (; *text != '\0' && *text != '"'; text++) {
		if (*text == '\\' && text[1] != '\0' && strchr("$`\"\\\n", text[1]) != NULL) {
			text++;
			if (*text == '\n')
				continue;
		}
		td_strbuf_addc(word, *text);
	}
	return *text == '"' ? text + 1 : NULL;
}

/* Adds one word. Returns: where the text goes on, NULL when a quote or a \ is left open. */
static const char *add_word(const char *text, struct td_strbuf *word)
{
	while (text != NULL && *text != '\0' && !is_blank(*text)) {
		if (*text == '\'') {
			const char *end = strchr(text + 1, '\'');

			if (end != NULL)
				td_strbuf_add(word, text + 1, (size_t)(end - text - 1));
			text = end != NULL ? end + 1 : NULL;
		} else if (*text == '"') {
			text = add_double_quoted(text + 1, word);
		} else if (*text == '\\') {
			if (text[1] == '\0')
				return NULL;
			/* A \ at the end of a line joins it with the next. */
			if (text[1] != '\n')
				td_strbuf_addc(word, text[1]);
			text += 2;
		} else {
			td_strbuf_addc(word, *text++);
		}
	}
	return text;
}

/* Owns: word, also when it fails. */
static int append(char ***words, size_t *n, char *word)
{
	char **larger = *words;

	if (word == NULL)
		return -TASKD_ENOMEM;
	/* Room doubles at each power of two; one more for the NULL at the end. */
	if ((*n & (*n - 1)) == 0) {
		larger = td_mem_resize(*words, ((*n > 0 ? *n * 2 : 1) + 1) * sizeof(char *));
		if (larger == NULL) {
			td_mem_free(word);
			return -TASKD_ENOMEM;
		}
		*words = larger;
	}
	larger[(*n)++] = word;
	larger[*n] = NULL;
	return 0;
}

/* Steps over blanks and joined lines between words. */
static const char *skip_blanks(const char *text)
{
	while (is_blank(*text) || (text[0] == '\\' && text[1] == '\n'))
		text += *text == '\\' ? 2 : 1;
	return text;
}

int td_words_split(const char *text, char ***ret_words, size_t *ret_n)
{
	struct td_strbuf word = TD_STRBUF_INIT;
	char **words = td_mem_array(1, sizeof(char *));
	size_t n = 0;
	int r = words != NULL ? 0 : -TASKD_ENOMEM;

	for (text = skip_blanks(text); r == 0 && *text != '\0'; text = skip_blanks(text)) {
		text = add_word(text, &word);
		if (text == NULL) {
			r = -TASKD_EINVAL;
			break;
		}
		r = append(&words, &n, td_strbuf_take(&word));
	}
	td_strbuf_fini(&word);
	if (r < 0) {
		td_words_free(words);
		return r;
	}
	*ret_words = words;
	if (ret_n != NULL)
		*ret_n = n;
	return 0;
}

char **td_words_free(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		td_mem_free(words[i]);
	return td_mem_free(words);
}
