/* SPDX-License-Identifier: MIT */
/* One parameter of each type; logs "name=value given|default" for each. */
#include <taskd/plugin.h>

static const char *from(const char *name)
{
	return taskd_param_given(name) ? "given" : "default";
}

static void say_text(const char *name)
{
	const char *text = taskd_param_string(name);

	taskd_log(TASKD_INFO, "%s=%s %s", name, text != NULL ? text : "(none)", from(name));
}

static void say_number(const char *name)
{
	taskd_log(TASKD_INFO, "%s=%lld %s", name, (long long)taskd_param_integer(name), from(name));
}

static int run(taskd_self *self, void *arg)
{
	const char *const *words;
	size_t n;

	(void)self;
	(void)arg;
	say_text("text");
	say_number("number");
	taskd_log(TASKD_INFO, "flag=%s %s", taskd_param_boolean("flag") ? "yes" : "no",
		  from("flag"));
	say_number("time");
	say_number("bytes");
	words = taskd_param_list("words", &n);
	taskd_log(TASKD_INFO, "words=%zu %s", n, from("words"));
	for (size_t i = 0; i < n; i++)
		taskd_log(TASKD_INFO, "words[%zu]=%s", i, words[i]);
	if (words[n] != NULL)
		taskd_panic("a list does not end with NULL");
	say_text("file");
	say_text("colour");
	return taskd_param_boolean("misuse") ? (int)taskd_param_integer("text") : 0;
}

static const struct taskd_param params[] = {
	{.name = "text", .type = TASKD_PARAM_STRING, .help = "Any text."},
	{.name = "number",
	 .type = TASKD_PARAM_INTEGER,
	 .fallback = "7",
	 .min = -10,
	 .max = 10,
	 .unit = "things",
	 .help = "From -10 to 10."},
	{.name = "flag", .type = TASKD_PARAM_BOOLEAN, .help = "Yes or no."},
	{.name = "time",
	 .type = TASKD_PARAM_DURATION,
	 .fallback = "1.5s",
	 .min = TASKD_MSEC,
	 .max = 3600 * TASKD_SEC,
	 .help = "From 1ms to 1h."},
	{.name = "bytes",
	 .type = TASKD_PARAM_SIZE,
	 .fallback = "64K",
	 .min = 1,
	 .max = 1 << 30,
	 .help = "From 1 byte to 1G."},
	{.name = "words", .type = TASKD_PARAM_LIST, .fallback = "a 'b c'", .help = "Any words."},
	{.name = "file", .type = TASKD_PARAM_PATH, .help = "An absolute path."},
	{.name = "colour",
	 .type = TASKD_PARAM_ENUM,
	 .fallback = "green",
	 .choices = "red green blue",
	 .help = "One of three."},
	{.name = "misuse",
	 .type = TASKD_PARAM_BOOLEAN,
	 .fallback = "no",
	 .help = "Ask for a parameter by the wrong type, which is a bug."},
	{.name = NULL},
};

TASKD_PLUGIN(.name = "tp_params", .summary = "has one parameter of each type", .params = params,
	     .run = run);
