/* SPDX-License-Identifier: MIT */
/* The command line taken apart. Knows no verb: the tables say what is an option. */
#include "cli/args.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/suggest.h"

/* The walk over argv. */
struct walk {
	int argc, at;
	char **argv;
	const struct td_option *tables[2];
	struct td_args *args;
	struct td_failure *failure;
};

static const struct td_option *find_long(const struct walk *walk, const char *name, size_t length)
{
	for (size_t t = 0; t < TD_ARRAY_SIZE(walk->tables); t++)
		for (const struct td_option *o = walk->tables[t]; o != NULL && o->name; o++)
			if (strlen(o->name) == length && memcmp(o->name, name, length) == 0)
				return o;
	return NULL;
}

static const struct td_option *find_short(const struct walk *walk, char letter)
{
	for (size_t t = 0; t < TD_ARRAY_SIZE(walk->tables); t++)
		for (const struct td_option *o = walk->tables[t]; o != NULL && o->name; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static int unknown_option(const struct walk *walk, const char *given, size_t length)
{
	char *name = td_mem_strndup(given, length);
	struct td_suggest suggest = TD_SUGGEST_INIT(name);

	if (name == NULL)
		return td_fail(walk->failure, -TASKD_ENOMEM, "", "out of memory");
	for (size_t t = 0; t < TD_ARRAY_SIZE(walk->tables); t++)
		for (const struct td_option *o = walk->tables[t]; o != NULL && o->name; o++)
			td_suggest_offer(&suggest, o->name);
	if (suggest.best != NULL)
		td_fail(walk->failure, -TASKD_EINVAL, name,
			"unknown option --%s: did you mean --%s?", name, suggest.best);
	else
		td_fail(walk->failure, -TASKD_EINVAL, name, "unknown option --%s", name);
	td_mem_free(name);
	return -TASKD_EINVAL;
}

static void add_given(struct td_args *args, const struct td_option *option, const char *value)
{
	args->given[args->n_given++] = (struct td_given){.option = option, .value = value};
}

/* Takes the next word of the command line as the value of an option. */
static int take_value(struct walk *walk, const struct td_option *option, const char *shown)
{
	if (walk->at >= walk->argc)
		return td_fail(walk->failure, -TASKD_EINVAL, option->name,
			       "option %s needs a value: %s", shown, option->value);
	add_given(walk->args, option, walk->argv[walk->at++]);
	return 0;
}

static int take_long(struct walk *walk, const char *word)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct td_option *option = find_long(walk, name, length);

	if (option == NULL)
		return unknown_option(walk, name, length);
	if (option->value == NULL && equals != NULL)
		return td_fail(walk->failure, -TASKD_EINVAL, option->name,
			       "option --%s takes no value", option->name);
	if (option->value != NULL && equals == NULL)
		return take_value(walk, option, word);
	add_given(walk->args, option, equals ? equals + 1 : NULL);
	return 0;
}

static int take_short(struct walk *walk, const char *word)
{
	const struct td_option *option = find_short(walk, word[1]);

	if (option == NULL)
		return td_fail(walk->failure, -TASKD_EINVAL, word, "unknown option %s", word);
	if (option->value == NULL && word[2] != '\0')
		return td_fail(walk->failure, -TASKD_EINVAL, word,
			       "option -%c takes no value: write the letters of '%s' one by one",
			       word[1], word);
	if (option->value != NULL && word[2] == '\0')
		return take_value(walk, option, word);
	add_given(walk->args, option, option->value ? word + 2 : NULL);
	return 0;
}

static int take_word(struct walk *walk)
{
	char *word = walk->argv[walk->at++];

	if (word[0] == '-' && word[1] == '-')
		return take_long(walk, word);
	if (word[0] == '-' && word[1] != '\0')
		return take_short(walk, word);
	walk->args->words[walk->args->n_words++] = word;
	return 0;
}

int td_args_parse(struct td_args *args, int argc, char **argv, const struct td_option *global,
		  const struct td_option *own, bool only_options, struct td_failure *failure)
{
	struct walk walk = {.argc = argc,
			    .argv = argv,
			    .tables = {own, global},
			    .args = args,
			    .failure = failure};
	int r = 0;

	*args = (struct td_args){0};
	args->given = td_mem_array((size_t)argc + 1, sizeof(*args->given));
	args->words = td_mem_array((size_t)argc + 1, sizeof(*args->words));
	if (args->given == NULL || args->words == NULL)
		r = td_fail(failure, -TASKD_ENOMEM, "", "out of memory");
	while (r == 0 && walk.at < argc) {
		bool end = strcmp(argv[walk.at], "--") == 0;

		if (end || (only_options && argv[walk.at][0] != '-')) {
			walk.at += end ? 1 : 0;
			args->rest = argv + walk.at;
			args->n_rest = (size_t)(argc - walk.at);
			break;
		}
		r = take_word(&walk);
	}
	if (r < 0)
		td_args_fini(args);
	return r;
}

void td_args_fini(struct td_args *args)
{
	td_mem_free(args->given);
	td_mem_free(args->words);
	*args = (struct td_args){0};
}

bool td_args_flag(const struct td_args *args, const char *name)
{
	for (size_t i = 0; i < args->n_given; i++)
		if (strcmp(args->given[i].option->name, name) == 0)
			return true;
	return false;
}

const char *td_args_value(const struct td_args *args, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < args->n_given; i++)
		if (strcmp(args->given[i].option->name, name) == 0)
			value = args->given[i].value;
	return value;
}
