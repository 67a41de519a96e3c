/* SPDX-License-Identifier: MIT */
/* One value of one parameter: from text to what the plugin asks for, or to a clear error. */
#include <limits.h>
#include <string.h>

#include "base/duration.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "base/words.h"
#include "plugin/schema.h"

#define SHOWN_TEXT 80 /* bytes of a wrong value that an error repeats */

const char *td_param_type_text(enum taskd_param_type type)
{
	static const char *const texts[] = {
		[TASKD_PARAM_STRING] = "string",   [TASKD_PARAM_INTEGER] = "integer",
		[TASKD_PARAM_BOOLEAN] = "boolean", [TASKD_PARAM_DURATION] = "duration",
		[TASKD_PARAM_SIZE] = "size",       [TASKD_PARAM_LIST] = "list",
		[TASKD_PARAM_PATH] = "path",       [TASKD_PARAM_ENUM] = "enum",
	};

	if (type < TASKD_PARAM_STRING || type > TASKD_PARAM_ENUM)
		return "?";
	return texts[type];
}

/* ---- what an error says ------------------------------------------------------------------- */

static const char *bound_text(enum taskd_param_type type, int64_t bound,
			      char buffer[TD_DURATION_TEXT])
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (type == TASKD_PARAM_DURATION)
		return td_duration_print(bound, buffer);
	if (type == TASKD_PARAM_SIZE)
		return td_size_print(bound, buffer);
	td_strbuf_addf(&text, "%lld", (long long)bound);
	(void)td_utf8_clean(buffer, TD_DURATION_TEXT, td_strbuf_text(&text), text.length);
	td_strbuf_fini(&text);
	return buffer;
}

static void describe_range(const struct taskd_param *param, struct td_strbuf *text)
{
	char from[TD_DURATION_TEXT], to[TD_DURATION_TEXT];

	if (param->min == 0 && param->max == 0)
		return;
	if (param->max == INT64_MAX)
		td_strbuf_addf(text, " of at least %s", bound_text(param->type, param->min, from));
	else
		td_strbuf_addf(text, " from %s to %s", bound_text(param->type, param->min, from),
			       bound_text(param->type, param->max, to));
}

static void describe_choices(const char *choices, struct td_strbuf *text)
{
	const char *separator = "one of ";

	for (choices += strspn(choices, " "); *choices; choices += strspn(choices, " ")) {
		size_t length = strcspn(choices, " ");

		td_strbuf_adds(text, separator);
		td_strbuf_add(text, choices, length);
		separator = ", ";
		choices += length;
	}
}

/* "a duration from 10ms to 1h, such as 250ms or 1h 30min" */
static void describe_expected(const struct taskd_param *param, struct td_strbuf *text)
{
	const char *example = "";

	switch (param->type) {
	case TASKD_PARAM_STRING:
		td_strbuf_adds(text, "a text");
		break;
	case TASKD_PARAM_INTEGER:
		td_strbuf_adds(text, "a whole number");
		break;
	case TASKD_PARAM_BOOLEAN:
		td_strbuf_adds(text, "yes or no");
		break;
	case TASKD_PARAM_DURATION:
		td_strbuf_adds(text, "a duration");
		example = ", such as 250ms or 1h 30min";
		break;
	case TASKD_PARAM_SIZE:
		td_strbuf_adds(text, "a size in bytes");
		example = ", such as 512 or 64K";
		break;
	case TASKD_PARAM_LIST:
		td_strbuf_adds(text, "words, with every quote closed");
		break;
	case TASKD_PARAM_PATH:
		td_strbuf_adds(text, "an absolute path");
		break;
	case TASKD_PARAM_ENUM:
		describe_choices(param->choices, text);
		break;
	}
	describe_range(param, text);
	td_strbuf_adds(text, example);
	if (param->unit != NULL)
		td_strbuf_addf(text, " (in %s)", param->unit);
}

static const char *nearest_choice(const char *choices, const char *word, char buffer[64])
{
	struct td_suggest suggest = TD_SUGGEST_INIT(word);
	char candidates[TD_SCHEMA_CHOICES_MAX][64];
	size_t n = 0;

	for (choices += strspn(choices, " "); *choices && n < TD_SCHEMA_CHOICES_MAX;
	     choices += strspn(choices, " ")) {
		size_t length = strcspn(choices, " ");

		(void)td_utf8_clean(candidates[n], sizeof(candidates[n]), choices, length);
		td_suggest_offer(&suggest, candidates[n++]);
		choices += length;
	}
	if (suggest.best == NULL)
		return NULL;
	(void)td_utf8_clean(buffer, 64, suggest.best, strlen(suggest.best));
	return buffer;
}

static int refuse(const struct taskd_param *param, const char *text,
		  struct td_failure *reterr_failure)
{
	struct td_strbuf expected = TD_STRBUF_INIT;
	char shown[SHOWN_TEXT], choice[64];
	const char *near = NULL;
	size_t length = strlen(text);
	bool cut = length >= sizeof(shown);

	(void)td_utf8_clean(shown, sizeof(shown), text, length);
	describe_expected(param, &expected);
	if (param->type == TASKD_PARAM_ENUM)
		near = nearest_choice(param->choices, text, choice);
	if (near != NULL)
		td_strbuf_addf(&expected, "; did you mean \"%s\"?", near);
	(void)td_fail(reterr_failure, -TASKD_EINVAL, param->name, "%s = \"%s%s\": expected %s",
		      param->name, shown, cut ? "..." : "", td_strbuf_text(&expected));
	td_strbuf_fini(&expected);
	return -TASKD_EINVAL;
}

/* ---- parsing ------------------------------------------------------------------------------ */

/* The place of a word among the choices, or -1. */
static int64_t find_choice(const char *choices, const char *word)
{
	size_t wanted = strlen(word);
	int64_t place = 0;

	for (choices += strspn(choices, " "); *choices; choices += strspn(choices, " ")) {
		size_t length = strcspn(choices, " ");

		if (length == wanted && memcmp(choices, word, length) == 0)
			return place;
		choices += length;
		place++;
	}
	return -1;
}

static int parse_number(const struct taskd_param *param, const char *text, int64_t *ret_integer)
{
	int64_t number = 0;
	bool flag = false;
	int r = 0;

	if (param->type == TASKD_PARAM_INTEGER) {
		r = td_integer_parse(text, &number);
	} else if (param->type == TASKD_PARAM_DURATION) {
		r = td_duration_parse(text, &number);
	} else if (param->type == TASKD_PARAM_SIZE) {
		r = td_size_parse(text, &number);
	} else if (param->type == TASKD_PARAM_BOOLEAN) {
		r = td_boolean_parse(text, &flag);
		number = flag;
	} else if (param->type == TASKD_PARAM_ENUM) {
		number = find_choice(param->choices, text);
		r = number < 0 ? -TASKD_EINVAL : 0;
	}
	if (r < 0)
		return r;
	if ((param->min != 0 || param->max != 0) && (number < param->min || number > param->max))
		return -TASKD_EINVAL;
	*ret_integer = number;
	return 0;
}

static bool is_path(const char *text)
{
	return text[0] == '/' && strlen(text) < PATH_MAX;
}

/* Adds a word so that td_words_split() gives it back as it is. */
static void add_quoted(struct td_strbuf *text, const char *word)
{
	if (word[0] != '\0' && word[strcspn(word, " \t\n\r'\"\\#;")] == '\0') {
		td_strbuf_adds(text, word);
		return;
	}
	td_strbuf_addc(text, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			td_strbuf_adds(text, "'\\''");
		else
			td_strbuf_addc(text, *word);
	}
	td_strbuf_addc(text, '\'');
}

static int copy_words(const struct taskd_param *param, const char *const *words,
		      struct td_value *value, struct td_failure *reterr_failure)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	size_t n = 0;

	for (; words[n] != NULL; n++) {
		if (n > 0)
			td_strbuf_addc(&text, ' ');
		add_quoted(&text, words[n]);
		if (n == TD_VALUE_WORDS_MAX || text.length > TD_VALUE_TEXT_MAX) {
			td_strbuf_fini(&text);
			return td_fail(reterr_failure, -TASKD_EINVAL, param->name,
				       "%s: the list is too long: at most %d words and %d bytes",
				       param->name, TD_VALUE_WORDS_MAX, TD_VALUE_TEXT_MAX);
		}
	}
	value->text = td_strbuf_take(&text);
	value->words = td_mem_array(n + 1, sizeof(value->words[0]));
	if (value->text == NULL || value->words == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, param->name, "out of memory");
	for (; value->n_words < n; value->n_words++) {
		value->words[value->n_words] = td_mem_strdup(words[value->n_words]);
		if (value->words[value->n_words] == NULL)
			return td_fail(reterr_failure, -TASKD_ENOMEM, param->name, "out of memory");
	}
	return 0;
}

static int parse_list(const struct taskd_param *param, struct td_value *value,
		      struct td_failure *reterr_failure)
{
	int r = td_words_split(value->text, &value->words, &value->n_words);

	if (r == -TASKD_ENOMEM)
		return td_fail(reterr_failure, r, param->name, "out of memory");
	if (r < 0)
		return refuse(param, value->text, reterr_failure);
	if (value->n_words > TD_VALUE_WORDS_MAX)
		return td_fail(reterr_failure, -TASKD_EINVAL, param->name,
			       "%s: the list has %zu words, at most %d are allowed", param->name,
			       value->n_words, TD_VALUE_WORDS_MAX);
	return 0;
}

static int parse_text(const struct taskd_param *param, const char *text, struct td_value *value,
		      struct td_failure *reterr_failure)
{
	if (strnlen(text, TD_VALUE_TEXT_MAX + 1) > TD_VALUE_TEXT_MAX)
		return td_fail(reterr_failure, -TASKD_EINVAL, param->name,
			       "%s: the value is longer than %d bytes", param->name,
			       TD_VALUE_TEXT_MAX);
	value->text = td_mem_strdup(text);
	if (value->text == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, param->name, "out of memory");
	if (param->type == TASKD_PARAM_STRING)
		return 0;
	if (param->type == TASKD_PARAM_LIST)
		return parse_list(param, value, reterr_failure);
	if (param->type == TASKD_PARAM_PATH)
		return is_path(text) ? 0 : refuse(param, text, reterr_failure);
	if (parse_number(param, text, &value->integer) < 0)
		return refuse(param, text, reterr_failure);
	return 0;
}

int td_value_parse(const struct taskd_param *param, const struct td_setting *setting,
		   struct td_value *ret_value, struct td_failure *reterr_failure)
{
	struct td_value value = {.type = param->type, .given = true};
	int r;

	if (setting->words == NULL)
		r = parse_text(param, setting->text, &value, reterr_failure);
	else if (param->type == TASKD_PARAM_LIST)
		r = copy_words(param, setting->words, &value, reterr_failure);
	else
		r = td_fail(reterr_failure, -TASKD_EINVAL, param->name,
			    "%s: the parameter is of type %s, which takes no list of words",
			    param->name, td_param_type_text(param->type));
	if (r < 0) {
		td_value_fini(&value);
		return r;
	}
	*ret_value = value;
	return 0;
}

void td_value_fini(struct td_value *value)
{
	value->text = td_mem_free(value->text);
	value->words = td_words_free(value->words);
	value->n_words = 0;
}
