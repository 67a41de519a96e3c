/* SPDX-License-Identifier: MIT */
/* Declarations of parameters and the values of one task. See value.c for a single value. */
#include "plugin/schema.h"

#include <limits.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/suggest.h"

#define TD_VALUES_MAGIC 0x7a1c55edu

struct named_value {
	char *name; /* owned: the plugin may be gone before the values are */
	struct td_value value;
};

struct td_values {
	uint32_t magic;
	unsigned refs;
	size_t n;
	struct named_value entries[];
};

/* ---- declarations ------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
	char before = '-';

	if (strlen(text) > 63)
		return false;
	for (; *text; before = *text++) {
		bool letter = *text >= 'a' && *text <= 'z';
		bool digit = *text >= '0' && *text <= '9';

		if (!letter && !(digit && before != '-') && !(*text == '-' && before != '-'))
			return false;
	}
	return before != '-';
}

static size_t count_choices(const char *choices)
{
	size_t n = 0;

	for (;;) {
		choices += strspn(choices, " ");
		if (*choices == '\0')
			return n;
		choices += strcspn(choices, " ");
		n++;
	}
}

static bool takes_bounds(enum taskd_param_type type)
{
	return type == TASKD_PARAM_INTEGER || type == TASKD_PARAM_DURATION ||
	       type == TASKD_PARAM_SIZE;
}

/* Which rule a declaration breaks, or NULL. */
static const char *broken_rule(const struct taskd_param *param)
{
	if (!is_name(param->name))
		return "the name must be lower case words joined by '-', at most 63 bytes";
	if (param->type < TASKD_PARAM_STRING || param->type > TASKD_PARAM_ENUM)
		return "the type is not one of enum taskd_param_type";
	if (param->help == NULL || param->help[0] == '\0')
		return "a parameter needs a help text";
	if (param->flags & ~TASKD_PARAM_REQUIRED)
		return "unknown flags";
	if ((param->flags & TASKD_PARAM_REQUIRED) && param->fallback != NULL)
		return "a required parameter cannot have a default";
	if (param->min > param->max)
		return "the minimum is above the maximum";
	if ((param->min != 0 || param->max != 0) && !takes_bounds(param->type))
		return "only integers, durations and sizes have bounds";
	if (param->min < 0 && param->type != TASKD_PARAM_INTEGER)
		return "the minimum is negative";
	if ((param->type == TASKD_PARAM_ENUM) != (param->choices != NULL))
		return "an enum, and nothing else, has choices";
	if (param->choices != NULL && count_choices(param->choices) == 0)
		return "an enum needs at least one choice";
	if (param->choices != NULL && count_choices(param->choices) > TD_SCHEMA_CHOICES_MAX)
		return "an enum has at most 32 choices";
	return NULL;
}

static int check_default(const struct taskd_param *param, struct td_failure *reterr_failure)
{
	const struct td_setting setting = {.key = param->name, .text = param->fallback};
	struct td_failure failure = {0};
	struct td_value value = {0};
	int r;

	if (param->fallback == NULL)
		return 0;
	r = td_value_parse(param, &setting, &value, &failure);
	td_value_fini(&value);
	if (r == -TASKD_ENOMEM)
		return td_fail(reterr_failure, r, param->name, "out of memory");
	if (r < 0)
		return td_fail(reterr_failure, -TASKD_EPLUGIN, param->name,
			       "the default of the parameter is wrong: %s", failure.text);
	return 0;
}

int td_schema_check(const struct taskd_param *params, struct td_failure *reterr_failure)
{
	for (size_t i = 0; params != NULL && params[i].name != NULL; i++) {
		const struct taskd_param *param = &params[i];
		const char *rule = broken_rule(param);
		int r;

		if (i == TD_SCHEMA_PARAMS_MAX)
			return td_fail(reterr_failure, -TASKD_EPLUGIN, "",
				       "a plugin has at most %d parameters", TD_SCHEMA_PARAMS_MAX);
		if (rule != NULL)
			return td_fail(reterr_failure, -TASKD_EPLUGIN, param->name,
				       "parameter \"%s\": %s", param->name, rule);
		if (td_schema_find(params, param->name) != param)
			return td_fail(reterr_failure, -TASKD_EPLUGIN, param->name,
				       "parameter \"%s\": declared twice", param->name);
		r = check_default(param, reterr_failure);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct taskd_param *td_schema_find(const struct taskd_param *params, const char *name)
{
	for (; params != NULL && params->name != NULL; params++)
		if (strcmp(params->name, name) == 0)
			return params;
	return NULL;
}

/* ---- values ------------------------------------------------------------------------------- */

static int refuse_unknown(const struct taskd_param *params, const char *key,
			  struct td_failure *reterr_failure)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(key);
	struct td_strbuf names = TD_STRBUF_INIT;
	int r;

	for (const struct taskd_param *p = params; p != NULL && p->name != NULL; p++) {
		td_suggest_offer(&suggest, p->name);
		td_strbuf_addf(&names, "%s%s", names.length ? ", " : "", p->name);
	}
	if (suggest.best != NULL)
		r = td_fail(reterr_failure, -TASKD_EINVAL, key,
			    "unknown parameter \"%s\"; did you mean \"%s\"?", key, suggest.best);
	else if (names.length == 0)
		r = td_fail(reterr_failure, -TASKD_EINVAL, key,
			    "unknown parameter \"%s\"; the plugin takes none", key);
	else
		r = td_fail(reterr_failure, -TASKD_EINVAL, key,
			    "unknown parameter \"%s\"; the plugin takes %s", key,
			    td_strbuf_text(&names));
	td_strbuf_fini(&names);
	return r;
}

/* Parses all that was given into the entries, which are in the order of the declaration. */
static int take_settings(struct td_values *values, const struct taskd_param *params,
			 const struct td_setting *settings, size_t n,
			 struct td_failure *reterr_failure)
{
	for (size_t i = 0; i < n; i++) {
		const struct taskd_param *param = td_schema_find(params, settings[i].key);
		struct td_value *value;
		int r;

		if (param == NULL)
			return refuse_unknown(params, settings[i].key, reterr_failure);
		value = &values->entries[param - params].value;
		if (value->given)
			return td_fail(reterr_failure, -TASKD_EINVAL, param->name,
				       "parameter \"%s\" is given twice", param->name);
		r = td_value_parse(param, &settings[i], value, reterr_failure);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_default(struct named_value *entry, const struct taskd_param *param,
			struct td_failure *reterr_failure)
{
	const struct td_setting setting = {.key = param->name, .text = param->fallback};
	int r;

	entry->name = td_mem_strdup(param->name);
	if (entry->name == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, param->name, "out of memory");
	entry->value.type = param->type;
	if (entry->value.given)
		return 0;
	if (param->flags & TASKD_PARAM_REQUIRED)
		return td_fail(reterr_failure, -TASKD_EINVAL, param->name,
			       "the parameter \"%s\" is required: %s", param->name, param->help);
	if (param->fallback == NULL)
		return 0;
	r = td_value_parse(param, &setting, &entry->value, reterr_failure);
	entry->value.given = false;
	return r;
}

int td_values_new(const struct taskd_param *params, const struct td_setting *settings, size_t n,
		  struct td_values **ret_values, struct td_failure *reterr_failure)
{
	struct td_values *values;
	size_t n_params = 0;
	int r;

	while (params != NULL && params[n_params].name != NULL)
		n_params++;
	values = td_mem_new(sizeof(*values) + n_params * sizeof(values->entries[0]));
	if (values == NULL)
		return td_fail(reterr_failure, -TASKD_ENOMEM, "", "out of memory");
	values->n = n_params;
	values->refs = 1;
	values->magic = TD_VALUES_MAGIC;

	r = take_settings(values, params, settings, n, reterr_failure);
	for (size_t i = 0; r == 0 && i < n_params; i++)
		r = take_default(&values->entries[i], &params[i], reterr_failure);
	if (r < 0) {
		(void)td_values_unref(values); /* always NULL */
		return r;
	}
	*ret_values = values;
	return 0;
}

struct td_values *td_values_ref(struct td_values *values)
{
	if (values == NULL)
		return NULL;
	TD_CHECK(values, TD_VALUES_MAGIC);
	td_assert(values->refs < UINT_MAX);
	values->refs++;
	return values;
}

struct td_values *td_values_unref(struct td_values *values)
{
	if (values == NULL)
		return NULL;
	TD_CHECK(values, TD_VALUES_MAGIC);
	td_assert(values->refs > 0);
	if (--values->refs > 0)
		return NULL;
	values->magic = 0;
	for (size_t i = 0; i < values->n; i++) {
		td_mem_free(values->entries[i].name);
		td_value_fini(&values->entries[i].value);
	}
	return td_mem_free(values);
}

/* ---- reading ------------------------------------------------------------------------------ */

static const struct td_value *find_value(const struct td_values *values, const char *name)
{
	TD_CHECK(values, TD_VALUES_MAGIC);
	for (size_t i = 0; i < values->n; i++)
		if (strcmp(values->entries[i].name, name) == 0)
			return &values->entries[i].value;
	return NULL;
}

int td_values_string(const struct td_values *values, const char *name, const char **ret_text)
{
	const struct td_value *value = find_value(values, name);

	if (value == NULL)
		return -TASKD_EINVAL;
	switch (value->type) {
	case TASKD_PARAM_STRING:
	case TASKD_PARAM_PATH:
	case TASKD_PARAM_ENUM:
		*ret_text = value->text;
		return 0;
	case TASKD_PARAM_INTEGER:
	case TASKD_PARAM_BOOLEAN:
	case TASKD_PARAM_DURATION:
	case TASKD_PARAM_SIZE:
	case TASKD_PARAM_LIST:
		break;
	}
	return -TASKD_EINVAL;
}

int td_values_integer(const struct td_values *values, const char *name, int64_t *ret_integer)
{
	const struct td_value *value = find_value(values, name);

	if (value == NULL || !takes_bounds(value->type))
		return -TASKD_EINVAL;
	*ret_integer = value->integer;
	return 0;
}

int td_values_boolean(const struct td_values *values, const char *name, bool *ret_boolean)
{
	const struct td_value *value = find_value(values, name);

	if (value == NULL || value->type != TASKD_PARAM_BOOLEAN)
		return -TASKD_EINVAL;
	*ret_boolean = value->integer != 0;
	return 0;
}

int td_values_list(const struct td_values *values, const char *name, const char *const **ret_words,
		   size_t *ret_n)
{
	static const char *const none[] = {NULL};
	const struct td_value *value = find_value(values, name);

	if (value == NULL || value->type != TASKD_PARAM_LIST)
		return -TASKD_EINVAL;
	*ret_words = value->words ? (const char *const *)value->words : none;
	if (ret_n != NULL)
		*ret_n = value->n_words;
	return 0;
}

int td_values_given(const struct td_values *values, const char *name, bool *ret_given)
{
	const struct td_value *value = find_value(values, name);

	if (value == NULL)
		return -TASKD_EINVAL;
	*ret_given = value->given;
	return 0;
}

const char *td_values_text(const struct td_values *values, const char *name)
{
	const struct td_value *value = find_value(values, name);

	return value ? value->text : NULL;
}

void td_values_each(const struct td_values *values,
		    void (*each)(const char *name, const char *text, bool given, void *data),
		    void *data)
{
	TD_CHECK(values, TD_VALUES_MAGIC);
	for (size_t i = 0; i < values->n; i++) {
		const struct named_value *entry = &values->entries[i];

		if (entry->value.text != NULL)
			each(entry->name, entry->value.text, entry->value.given, data);
	}
}
