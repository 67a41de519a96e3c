/* SPDX-License-Identifier: MIT */
/* The table of verbs and the help that is printed from it. */
#include "cli/verb.h"

#include <string.h>

#include "base/suggest.h"

const struct td_verb *const td_verbs[] = {
	&td_verb_list,     &td_verb_tree,    &td_verb_show,       &td_verb_run,
	&td_verb_start,    &td_verb_cancel,  &td_verb_stop,       &td_verb_wait,
	&td_verb_watch,    &td_verb_plugins, &td_verb_status,     &td_verb_ping,
	&td_verb_shutdown, &td_verb_call,    &td_verb_introspect, NULL,
};

const struct td_option td_verb_globals[] = {
	{"socket", 's', "PATH", "the socket of the daemon (or TASKD_SOCKET)"},
	{"json", 'j', NULL, "print the replies as JSON, one line each"},
	{"timeout", 't', "DURATION", "give up after this time (\"10s\", \"infinity\")"},
	{"no-color", 0, NULL, "no colours (or NO_COLOR=1)"},
	{"help", 'h', NULL, "print help and exit; after a verb, that of the verb"},
	{"version", 'V', NULL, "print the version and exit"},
	{0},
};

const struct td_verb *td_verb_find(const char *name, const char **ret_nearest)
{
	struct td_suggest suggest = TD_SUGGEST_INIT(name);

	for (size_t i = 0; td_verbs[i] != NULL; i++) {
		if (strcmp(td_verbs[i]->name, name) == 0)
			return td_verbs[i];
		td_suggest_offer(&suggest, td_verbs[i]->name);
	}
	*ret_nearest = suggest.best;
	return NULL;
}

static void option_help(struct td_strbuf *out, const struct td_option *option)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (option->letter != 0)
		td_strbuf_addf(&text, "-%c, ", option->letter);
	else
		td_strbuf_adds(&text, "    ");
	td_strbuf_addf(&text, "--%s", option->name);
	if (option->value != NULL)
		td_strbuf_addf(&text, " %s", option->value);
	td_strbuf_addf(out, "  %-25s  %s\n", td_strbuf_text(&text), option->help);
	td_strbuf_fini(&text);
}

static void options_help(struct td_strbuf *out, const char *title, const struct td_option *options)
{
	if (options == NULL || options->name == NULL)
		return;
	td_strbuf_addf(out, "\n%s:\n", title);
	for (; options->name != NULL; options++)
		option_help(out, options);
}

static void verbs_help(struct td_strbuf *out)
{
	td_strbuf_adds(out, "Usage: taskctl [OPTION]... VERB [ARGUMENT]...\n"
			    "Shows and steers the groups and tasks of taskd.\n"
			    "\nVerbs:\n");
	for (size_t i = 0; td_verbs[i] != NULL; i++) {
		const struct td_verb *verb = td_verbs[i];
		int gap = 26 - (int)strlen(verb->name);

		td_strbuf_addf(out, "  %s %-*s%s\n", verb->name, gap, verb->arguments, verb->help);
	}
	options_help(out, "Options", td_verb_globals);
	td_strbuf_adds(out, "\nA path is a group (\"ingest.parse\", the root is \"/\"), a task "
			    "(\"ingest.parse/fetch\")\nor the number of a task (\"#42\"). "
			    "\"taskctl VERB --help\" says more; so does taskctl(1).\n");
}

void td_verb_help(struct td_strbuf *out, const struct td_verb *verb)
{
	if (verb == NULL) {
		verbs_help(out);
		return;
	}
	td_strbuf_addf(out, "Usage: taskctl %s [OPTION]...%s%s\n%c%s.\n", verb->name,
		       verb->arguments[0] ? " " : "", verb->arguments, verb->help[0] - 'a' + 'A',
		       verb->help + 1);
	options_help(out, "Options of the verb", verb->options);
	options_help(out, "Options", td_verb_globals);
}
