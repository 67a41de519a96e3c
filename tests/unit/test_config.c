/* SPDX-License-Identifier: MIT */
/* The configuration: what is read, what it means, and each way of getting it wrong, word by word.
 */
#include <string.h>

#include <taskd/plugin.h>

#include "base/duration.h"
#include "base/mem.h"
#include "daemon/config.h"
#include "tdtest.h"

#define SECOND TASKD_SEC

/* All errors of a text, one a line; "" when it is accepted. */
static const char *errors_of_bytes(const void *bytes, size_t length)
{
	static struct td_strbuf text;
	struct td_config_errors errors = {0};
	struct td_config *config = td_config_parse("f", bytes, length, &errors);

	td_strbuf_reset(&text);
	ck_assert_int_eq(config == NULL, errors.n + errors.n_more > 0);
	for (size_t i = 0; i < errors.n; i++)
		td_strbuf_addf(&text, "%s%s", i > 0 ? "\n" : "", errors.texts[i]);
	if (errors.n_more > 0)
		td_strbuf_addf(&text, "\nand %zu more", errors.n_more);
	td_config_errors_fini(&errors);
	td_config_free(config);
	return td_strbuf_text(&text);
}

static const char *errors_of(const char *text)
{
	return errors_of_bytes(text, strlen(text));
}

static struct td_config *parse(const char *text)
{
	struct td_config_errors errors = {0};
	struct td_config *config = td_config_parse("f", text, strlen(text), &errors);

	ck_assert_msg(config != NULL, "%s", errors.n > 0 ? errors.texts[0] : "no memory");
	return config;
}

/* The errors of the check of a text that can be read. */
static const char *check_errors_of(const char *text, int64_t stop_limit_ns)
{
	static struct td_strbuf result;
	const struct td_config_check_options options = {.stop_limit_ns = stop_limit_ns};
	struct td_config_errors errors = {0};
	struct td_config *config = parse(text);
	int r = td_config_check(config, &options, &errors);

	td_strbuf_reset(&result);
	ck_assert_int_eq(r, errors.n > 0 ? -TASKD_ECONFIG : 0);
	for (size_t i = 0; i < errors.n; i++)
		td_strbuf_addf(&result, "%s%s", i > 0 ? "\n" : "", errors.texts[i]);
	td_config_errors_fini(&errors);
	td_config_free(config);
	return td_strbuf_text(&result);
}

/* ---- what is read ------------------------------------------------------------------------- */

START_TEST(an_empty_file_gives_the_defaults)
{
	struct td_config *config = parse(""), *same = td_config_default();

	ck_assert_int_eq(config->daemon.grace_ns, 20 * SECOND);
	ck_assert_int_eq(config->daemon.abort_timeout_ns, 250 * TASKD_MSEC);
	ck_assert_int_eq(config->daemon.cleanup_timeout_ns, 5 * SECOND);
	ck_assert_int_eq(config->daemon.hog_limit_ns, 10 * TASKD_MSEC);
	ck_assert_int_eq(config->daemon.socket_mode, 0660);
	ck_assert_ptr_null(config->daemon.socket_group);
	ck_assert_int_eq(config->daemon.max_connections, 256);
	ck_assert_int_eq(config->daemon.max_connections_per_user, 64);
	ck_assert_int_eq(config->daemon.events_bytes, 1024 * 1024);
	ck_assert_int_eq(config->daemon.log_level, TASKD_INFO);
	ck_assert_int_eq(config->daemon.keep_ended, 32);
	ck_assert_uint_eq(config->n_groups, 0);
	ck_assert_uint_eq(config->n_tasks, 0);
	ck_assert_int_eq(same->daemon.grace_ns, config->daemon.grace_ns);
	td_config_free(same);
	td_config_free(config);
	ck_assert_ptr_null(td_config_free(NULL));
}
END_TEST

START_TEST(every_key_is_taken)
{
	struct td_config *config = parse("[daemon]\n"
					 "grace = 30s\n"
					 "abort-timeout = 1s\n"
					 "cleanup-timeout = 2s\n"
					 "hog-limit = 5ms\n"
					 "socket-mode = 600\n"
					 "socket-group = \"adm\"\n"
					 "max-connections = 10\n"
					 "max-connections-per-user = 5\n"
					 "events = 1M\n"
					 "log-level = error\n"
					 "keep-ended = 0\n"
					 "[group a]\n"
					 "description = the a's\n"
					 "grace = 10s\n"
					 "max-tasks = 7\n"
					 "driver = thread\n"
					 "[task a/t]\n"
					 "description = 'one # task'\n"
					 "plugin = exec\n"
					 "driver = fiber\n"
					 "stack-size = 128K\n"
					 "grace = 3s\n"
					 "timeout = 1min\n"
					 "start = no\n"
					 "every = 1h\n"
					 "jitter = 10s\n"
					 "missed = delay\n"
					 "command = /bin/true 'a ; b'\n");
	const struct td_config_task *task = config->tasks[0];
	const struct td_config_group *group = config->groups[0];

	ck_assert_int_eq(config->daemon.grace_ns, 30 * SECOND);
	ck_assert_int_eq(config->daemon.abort_timeout_ns, SECOND);
	ck_assert_int_eq(config->daemon.cleanup_timeout_ns, 2 * SECOND);
	ck_assert_int_eq(config->daemon.hog_limit_ns, 5 * TASKD_MSEC);
	ck_assert_int_eq(config->daemon.socket_mode, 0600);
	ck_assert_str_eq(config->daemon.socket_group, "adm");
	ck_assert_int_eq(config->daemon.max_connections, 10);
	ck_assert_int_eq(config->daemon.max_connections_per_user, 5);
	ck_assert_int_eq(config->daemon.events_bytes, 1024 * 1024);
	ck_assert_int_eq(config->daemon.log_level, TASKD_ERR);
	ck_assert_int_eq(config->daemon.keep_ended, 0);
	ck_assert_str_eq(group->description, "the a's");
	ck_assert_int_eq(group->grace_ns, 10 * SECOND);
	ck_assert_int_eq(group->max_tasks, 7);
	ck_assert_int_eq(group->driver, TASKD_DRIVER_THREAD);
	ck_assert_str_eq(task->path, "a/t");
	ck_assert_str_eq(task->name, "t");
	ck_assert_ptr_eq(task->group, group);
	ck_assert_str_eq(task->description, "one # task");
	ck_assert_str_eq(task->plugin, "exec");
	ck_assert_int_eq(task->driver, TASKD_DRIVER_FIBER);
	ck_assert_int_eq(task->stack_bytes, 128 * 1024);
	ck_assert_int_eq(task->grace_ns, 3 * SECOND);
	ck_assert_int_eq(task->timeout_ns, 60 * SECOND);
	ck_assert_int_eq(task->start, 0);
	ck_assert_int_eq(task->every_ns, 3600 * SECOND);
	ck_assert_int_eq(task->jitter_ns, 10 * SECOND);
	ck_assert_int_eq(task->missed, TD_CONFIG_DELAY);
	ck_assert_uint_eq(task->n_params, 1);
	ck_assert_str_eq(task->params[0].key, "command");
	ck_assert_str_eq(task->params[0].source.text, "/bin/true 'a ; b'");
	ck_assert_str_eq(task->params[0].source.file, "f");
	ck_assert_uint_eq(task->params[0].source.line, 29);
	td_config_free(config);
}
END_TEST

START_TEST(parents_are_implied_and_come_first)
{
	struct td_config *config = parse("[task a.b.c/t]\nplugin = x\n[group a.b]\n[task /root]\n"
					 "plugin = x\n");

	ck_assert_uint_eq(config->n_groups, 3);
	ck_assert_str_eq(config->groups[0]->path, "a");
	ck_assert_str_eq(config->groups[1]->path, "a.b");
	ck_assert_str_eq(config->groups[2]->path, "a.b.c");
	ck_assert_ptr_null(config->groups[0]->parent);
	ck_assert_ptr_eq(config->groups[2]->parent, config->groups[1]);
	ck_assert_ptr_null(config->groups[0]->file);
	ck_assert_uint_eq(config->groups[1]->line, 3);
	ck_assert_ptr_eq(config->tasks[0]->group, config->groups[2]);
	ck_assert_str_eq(config->tasks[1]->path, "/root");
	ck_assert_ptr_null(config->tasks[1]->group);
	td_config_free(config);
}
END_TEST

START_TEST(children_inherit_what_they_do_not_say)
{
	struct td_config *config = parse("[daemon]\ngrace = 9s\n"
					 "[group a]\nmax-tasks = 5\ndriver = thread\n"
					 "[group a.b]\ngrace = 4s\n"
					 "[task a.b.c/t]\nplugin = x\n"
					 "[task a/u]\nplugin = x\ndriver = default\n");

	ck_assert_int_eq(config->groups[0]->grace_ns, 9 * SECOND);
	ck_assert_int_eq(config->groups[1]->grace_ns, 4 * SECOND);
	ck_assert_int_eq(config->groups[2]->grace_ns, 4 * SECOND);
	ck_assert_int_eq(config->groups[2]->max_tasks, 5);
	ck_assert_int_eq(config->groups[2]->driver, TASKD_DRIVER_THREAD);
	ck_assert_int_eq(config->tasks[0]->grace_ns, 4 * SECOND);
	ck_assert_int_eq(config->tasks[0]->driver, TASKD_DRIVER_THREAD);
	ck_assert_int_eq(config->tasks[0]->start, 1);
	ck_assert_int_eq(config->tasks[0]->every_ns, 0);
	ck_assert_int_eq(config->tasks[1]->grace_ns, 9 * SECOND);
	ck_assert_int_eq(config->tasks[1]->driver, TASKD_DRIVER_DEFAULT);
	td_config_free(config);
}
END_TEST

START_TEST(comments_blank_lines_long_values_and_line_ends_are_understood)
{
	struct td_config *config = parse("\xef\xbb\xbf# a comment\r\n; another\r\n\r\n"
					 "[ task   a/t ]  \r\n"
					 "plugin=x\r\n"
					 "text = one\r\n"
					 "  two\r\n"
					 "\tthree   \r\n"
					 "hash = a#b;c\r\n"
					 "channel = #general\r\n"
					 "empty =\r\n"
					 "  \r\n"
					 "below =\r\n"
					 "\t a\r\n"
					 "   \r\n"
					 "last = no newline");
	const struct td_config_task *task = config->tasks[0];

	ck_assert_str_eq(task->plugin, "x");
	ck_assert_uint_eq(task->line, 4);
	ck_assert_str_eq(task->params[0].source.text, "one  two\tthree");
	ck_assert_uint_eq(task->params[0].source.line, 6);
	ck_assert_str_eq(task->params[1].source.text, "a#b;c");
	ck_assert_uint_eq(task->params[1].source.line, 9);
	ck_assert_str_eq(task->params[2].source.text, "#general");
	ck_assert_str_eq(task->params[3].source.text, "");
	ck_assert_str_eq(task->params[4].source.text, "a");
	ck_assert_str_eq(task->params[5].source.text, "no newline");
	td_config_free(config);
}
END_TEST

START_TEST(a_line_of_64_kib_is_taken_and_a_longer_one_is_not)
{
	static char text[TD_CONFIG_LINE_MAX + 64];
	const char *head = "[task a/t]\nplugin = x\n";
	const size_t n_head = strlen(head), key = strlen("k = ");

	memcpy(text, head, n_head);
	memset(text + n_head, 'x', TD_CONFIG_LINE_MAX + 1);
	memcpy(text + n_head, "k = ", key);
	ck_assert_str_eq(errors_of_bytes(text, n_head + TD_CONFIG_LINE_MAX), "");
	ck_assert_str_eq(errors_of_bytes(text, n_head + TD_CONFIG_LINE_MAX + 1),
			 "f:3: the line is longer than 65536 bytes");
}
END_TEST

START_TEST(a_line_of_a_megabyte_is_refused)
{
	const size_t length = 1024 * 1024;
	char *text = td_mem_new(length);

	memset(text, 'x', length);
	memcpy(text, "[daemon]\ngrace=", 15);
	ck_assert_str_eq(errors_of_bytes(text, length), "f:2: the line is longer than 65536 bytes");
	td_mem_free(text);
}
END_TEST

START_TEST(a_continued_value_is_bounded)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	td_strbuf_adds(&text, "[task a/t]\nplugin = x\nk = x\n");
	for (int i = 0; i < 1000; i++)
		td_strbuf_addf(&text, "  %099d\n", i);
	ck_assert_str_eq(errors_of(td_strbuf_text(&text)),
			 "f:3: the value of \"k\" is longer than 65536 bytes");
	td_strbuf_fini(&text);
}
END_TEST

/* ---- syntax ------------------------------------------------------------------------------- */

START_TEST(syntax_errors_name_the_line_and_the_rule)
{
	ck_assert_str_eq(errors_of("[daemon]\n\ngrace 20s\n"),
			 "f:3: \"grace 20s\" is not of the form key = value");
	ck_assert_str_eq(errors_of("[daemon]\n= 20s\n"), "f:2: there is no key before the \"=\"");
	ck_assert_str_eq(errors_of("[daemon\ngrace = 20s\n"),
			 "f:1: the section head has no closing \"]\"");
	ck_assert_str_eq(errors_of("[daemon] # x\n"), "f:1: there is text behind the section head");
	ck_assert_str_eq(errors_of("\n\ngrace = 20s\n[daemon]\n"),
			 "f:3: there is text before the first section");
	ck_assert_str_eq(errors_of("[daemon]\n  more\n"),
			 "f:2: an indented line continues the value above it, but there is none");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 1s\nevents = 1M\ngrace = 2s\n"),
			 "f:4: the key \"grace\" stands in the section already");
}
END_TEST

START_TEST(an_indented_key_section_or_comment_is_refused_and_not_swallowed)
{
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 1s\n  events = 1M\n"),
			 "f:3: a key begins in the first column; an indented line continues the "
			 "value above it");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 1s\n\tevents=1M\n"),
			 "f:3: a key begins in the first column; an indented line continues the "
			 "value above it");
	ck_assert_str_eq(errors_of("[task a/t]\nplugin = x\ncommand = a\n [group b]\n"),
			 "f:4: a section begins in the first column; an indented line continues "
			 "the value above it");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 1s\n  # why\n"),
			 "f:3: a comment begins in the first column");
	ck_assert_str_eq(errors_of("[task a/t]\nplugin = x\nenvironment = A=1\n  b=2 C=3\n"), "");
}
END_TEST

START_TEST(a_comment_behind_a_value_is_refused_unless_quoted)
{
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 20s ; soon\n"),
			 "f:2: grace = \"20s ; soon\": a comment stands on a line of its own; put "
			 "quotes around \"; soon\" if it is part of the value");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 20s # soon\n"),
			 "f:2: grace = \"20s # soon\": a comment stands on a line of its own; put "
			 "quotes around \"# soon\" if it is part of the value");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = # soon\n"),
			 "f:2: grace = \"# soon\": a comment stands on a line of its own; put "
			 "quotes around \"# soon\" if it is part of the value");
	ck_assert_ptr_nonnull(strstr(errors_of("[group a]\ndescription = don't # do\n"),
				     "f:2: description = \"don't # do\": a comment"));
	ck_assert_str_eq(errors_of("[task a/t]\nplugin = x\nc = sh -c 'a ; b # c' \"d ; \\\" ; e\""
				   " \\; f\n"),
			 "");
	ck_assert_str_eq(errors_of("[group a]\ndescription = \"a # b\"\n"), "");
}
END_TEST

START_TEST(what_is_not_text_is_refused_by_line)
{
	ck_assert_str_eq(errors_of_bytes("[daemon]\ngrace = 1\0s\n", 20),
			 "f:2: a NUL byte: this is not a text file");
	ck_assert_str_eq(errors_of("[daemon]\n# gr\xfc\xdf\n"),
			 "f:2: invalid UTF-8: configuration files are UTF-8");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 1s\033[m\n"), "f:2: a control character");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 1\rs\n"), "f:2: a control character");
	ck_assert_str_eq(errors_of("\xff\xfe[\n"),
			 "f:1: invalid UTF-8: configuration files are UTF-8");
	ck_assert_str_eq(errors_of("[group a]\ndescription = gr\xc3\xbc\xc3\x9f\n"), "");
}
END_TEST

START_TEST(all_errors_are_told_and_only_so_many)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	const char *all = errors_of("[daemon]\ngrace 1\ngrce = 1s\nevents = 1\n[grup a]\n"
				    "[task x/y]\nevery = often\nevery = 1s\n");

	ck_assert_str_eq(
		all, "f:2: \"grace 1\" is not of the form key = value\n"
		     "f:3: unknown key \"grce\"; did you mean \"grace\"?\n"
		     "f:4: events = \"1\": expected a size in bytes from 16K to 64M, such as 512 "
		     "or 64K\n"
		     "f:5: unknown section [grup a]; did you mean [group NAME]?\n"
		     "f:7: every = \"often\": expected a duration from 1ms to 365d, such as 250ms "
		     "or 1h 30min\n"
		     "f:8: the key \"every\" stands in the section already\n"
		     "f:6: [task x/y]: the key \"plugin\" is missing");
	td_strbuf_adds(&text, "[daemon]\n");
	for (int i = 0; i < 120; i++)
		td_strbuf_addf(&text, "wrong%d = 1\n", i);
	all = errors_of(td_strbuf_text(&text));
	ck_assert_ptr_nonnull(strstr(all, "f:51: unknown key \"wrong49\""));
	ck_assert_ptr_null(strstr(all, "wrong50"));
	ck_assert_ptr_nonnull(strstr(all, "\nand 70 more"));
	td_strbuf_fini(&text);
}
END_TEST

/* ---- sections and keys -------------------------------------------------------------------- */

START_TEST(sections_that_are_not_understood_are_refused)
{
	ck_assert_str_eq(errors_of("[deamon]\n"),
			 "f:1: unknown section [deamon]; did you mean [daemon]?");
	ck_assert_str_eq(errors_of("[ingest]\n"),
			 "f:1: unknown section [ingest]: expected [daemon], [group NAME] or [task "
			 "GROUP/NAME]");
	ck_assert_str_eq(errors_of("[]\n"),
			 "f:1: unknown section []: expected [daemon], [group NAME] or [task "
			 "GROUP/NAME]");
	ck_assert_str_eq(errors_of("[task]\n"),
			 "f:1: unknown section [task]; did you mean [task GROUP/NAME]?");
	ck_assert_str_eq(errors_of("[daemon x]\n"),
			 "f:1: unknown section [daemon x]; did you mean [daemon]?");
	ck_assert_str_eq(errors_of("[group a/b]\n"),
			 "f:1: [group a/b]: expected a group path, such as ingest.parse");
	ck_assert_str_eq(errors_of("[group /]\n"),
			 "f:1: [group /]: the root group is set up in [daemon]");
	ck_assert_str_eq(errors_of("[group a..b]\n"), "f:1: [group a..b]: a name is empty");
	ck_assert_str_eq(errors_of("[group a b]\n"),
			 "f:1: [group a b]: a name has letters, digits, '_' and '-' only");
	ck_assert_str_eq(errors_of("[group a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q]\n"),
			 "f:1: [group a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q]: a group path has at most "
			 "16 words");
	ck_assert_str_eq(errors_of("[task a.b]\n"),
			 "f:1: [task a.b]: expected GROUP/NAME, such as ingest/fetch");
	ck_assert_str_eq(errors_of("[task #4]\n"),
			 "f:1: [task #4]: expected GROUP/NAME, such as ingest/fetch");
	ck_assert_str_eq(errors_of("[task a/b/c]\n"),
			 "f:1: [task a/b/c]: a path has at most one '/'");
}
END_TEST

START_TEST(a_section_stands_once_in_a_file)
{
	ck_assert_str_eq(errors_of("[daemon]\n[group a]\n[daemon]\n"),
			 "f:3: [daemon]: the section stands at line 1 already");
	ck_assert_str_eq(errors_of("[group a]\n[group  a]\n"),
			 "f:2: [group a]: the section stands at line 1 already");
	ck_assert_str_eq(errors_of("[task a/b]\nplugin = x\n[task a/b]\nplugin = y\n"),
			 "f:3: [task a/b]: the section stands at line 1 already");
}
END_TEST

START_TEST(unknown_keys_and_wrong_values_are_refused)
{
	ck_assert_str_eq(errors_of("[daemon]\nGrace = 1s\n"),
			 "f:2: unknown key \"Grace\"; did you mean \"grace\"?");
	ck_assert_str_eq(errors_of("[group a]\nzzz = 1\n"),
			 "f:2: unknown key \"zzz\"; a group section has description, grace, "
			 "max-tasks, driver");
	ck_assert_str_eq(errors_of("[daemon]\ngrace = 20\n"),
			 "f:2: grace = \"20\": expected a duration from 0 to 1h, such as 250ms or "
			 "1h 30min");
	ck_assert_str_eq(errors_of("[daemon]\ngrace =\n"),
			 "f:2: grace = \"\": expected a duration from 0 to 1h, such as 250ms or "
			 "1h 30min");
	ck_assert_str_eq(errors_of("[daemon]\nsocket-mode = 0888\n"),
			 "f:2: socket-mode = \"0888\": expected an octal mode up to 0777, such as "
			 "0660");
	ck_assert_str_eq(errors_of("[daemon]\nsocket-mode = 1777\n"),
			 "f:2: socket-mode = \"1777\": expected an octal mode up to 0777, such as "
			 "0660");
	ck_assert_str_eq(
		errors_of("[daemon]\nlog-level = infos\n"),
		"f:2: log-level = \"infos\": expected one of error, warning, notice, info, "
		"debug; did you mean \"info\"?");
	ck_assert_str_eq(errors_of("[daemon]\nmax-connections = 0\n"),
			 "f:2: max-connections = \"0\": expected a whole number from 1 to 65536");
	ck_assert_str_eq(errors_of("[group a]\nmax-tasks = 0\n"),
			 "f:2: max-tasks = \"0\": expected a whole number from 1 to 1000000 (in "
			 "tasks)");
	ck_assert_str_eq(errors_of("[task a/t]\nplugin = x\ndriver = process\n"),
			 "f:3: driver = \"process\": expected one of default, fiber, thread");
	ck_assert_str_eq(errors_of("[task a/t]\nplugin = x\nstart = often\n"),
			 "f:3: start = \"often\": expected yes or no");
	ck_assert_str_eq(errors_of("[task a/t]\nplugin =\n"),
			 "f:1: [task a/t]: the key \"plugin\" is missing");
}
END_TEST

START_TEST(keys_tasks_and_bytes_are_limited)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	char *large = td_mem_new(TD_CONFIG_FILE_MAX + 1);

	td_strbuf_adds(&text, "[task a/t]\nplugin = x\n");
	for (int i = 0; i < TD_CONFIG_KEYS_MAX; i++)
		td_strbuf_addf(&text, "k%d = 1\n", i);
	ck_assert_str_eq(errors_of(td_strbuf_text(&text)),
			 "f:1: the section has more than 200 keys\n"
			 "f:1: [task a/t]: the key \"plugin\" is missing");
	memset(large, '#', TD_CONFIG_FILE_MAX + 1);
	ck_assert_str_eq(errors_of_bytes(large, TD_CONFIG_FILE_MAX + 1),
			 "f: the file is larger than 4194304 bytes");
	td_mem_free(large);
	td_strbuf_fini(&text);
}
END_TEST

START_TEST(the_number_of_groups_is_limited)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	for (int i = 0; i <= TD_CONFIG_GROUPS_MAX; i++)
		td_strbuf_addf(&text, "[group g%d]\n", i);
	ck_assert_str_eq(errors_of(td_strbuf_text(&text)),
			 "f:20001: [group g20000]: there are at most 20000 groups");
	td_strbuf_fini(&text);
}
END_TEST

/* ---- promises ----------------------------------------------------------------------------- */

START_TEST(more_tasks_than_a_group_admits_are_refused)
{
	ck_assert_str_eq(check_errors_of("[group a]\n"
					 "max-tasks = 2\n"
					 "[task a/1]\nplugin = x\n"
					 "[task a.b/2]\nplugin = x\n"
					 "[task a.b/3]\nplugin = x\n",
					 0),
			 "f:2: [group a]: max-tasks = 2, but 3 tasks of the group and below start "
			 "with the daemon");
	ck_assert_str_eq(check_errors_of("[group a]\n"
					 "max-tasks = 1\n"
					 "[task a/1]\nplugin = x\n"
					 "[task a/2]\nplugin = x\nstart = no\n"
					 "[task b/3]\nplugin = x\n",
					 0),
			 "");
}
END_TEST

START_TEST(a_grace_above_that_of_the_parent_is_refused)
{
	ck_assert_str_eq(check_errors_of("[daemon]\ngrace = 10s\n[group a]\ngrace = 11s\n"
					 "[group b]\ngrace = 10s\n[group b.c]\ngrace = 10001ms\n"
					 "[task b/t]\nplugin = x\ngrace = 1min\n"
					 "[task /t]\nplugin = x\ngrace = 11s\n",
					 0),
			 "f:4: [group a]: grace = 11s is above the grace = 10s of [daemon]\n"
			 "f:8: [group b.c]: grace = 10.001s is above the grace = 10s of [group b]\n"
			 "f:11: [task b/t]: grace = 1min is above the grace = 10s of [group b]\n"
			 "f:14: [task /t]: grace = 11s is above the grace = 10s of [daemon]");
	ck_assert_str_eq(check_errors_of("[group a]\ngrace = 20s\n[task a/t]\nplugin = x\n", 0),
			 "");
}
END_TEST

START_TEST(a_schedule_without_sense_is_refused)
{
	ck_assert_str_eq(check_errors_of("[task a/t]\nplugin = x\njitter = 1s\nmissed = skip\n", 0),
			 "f:3: [task a/t]: jitter is for tasks that have \"every\"\n"
			 "f:4: [task a/t]: missed is for tasks that have \"every\"");
	ck_assert_str_eq(check_errors_of("[task a/t]\nplugin = x\nevery = 1s\njitter = 1s\n", 0),
			 "f:4: [task a/t]: jitter = 1s is not below every = 1s");
	ck_assert_str_eq(check_errors_of("[task a/t]\nplugin = x\nevery = 1s\njitter = 999ms\n"
					 "missed = burst\n",
					 0),
			 "");
}
END_TEST

START_TEST(a_stop_longer_than_systemd_waits_is_refused)
{
	ck_assert_str_eq(check_errors_of("", 30 * SECOND), "");
	ck_assert_str_eq(
		check_errors_of("[daemon]\n\ngrace = 30s\n", 30 * SECOND),
		"f:3: [daemon]: grace, abort-timeout and cleanup-timeout together are "
		"35.25s, but systemd waits for a stop no longer than 30s (TimeoutStopSec)");
	ck_assert_str_eq(check_errors_of("", 10 * SECOND),
			 "[daemon]: grace, abort-timeout and cleanup-timeout together are 25.25s, "
			 "but systemd waits for a stop no longer than 10s (TimeoutStopSec)");
	ck_assert_str_eq(check_errors_of("[daemon]\nmax-connections = 10\n"
					 "max-connections-per-user = 11\n",
					 0),
			 "f:3: [daemon]: max-connections-per-user = 11 is above the "
			 "max-connections = 10");
	ck_assert_str_eq(check_errors_of("[daemon]\nmax-connections = 10\n", 0), "");
}
END_TEST

/* ---- plugins ------------------------------------------------------------------------------ */

static const struct taskd_param exec_params[] = {
	{.name = "command",
	 .type = TASKD_PARAM_LIST,
	 .flags = TASKD_PARAM_REQUIRED,
	 .help = "What to run."},
	{.name = "user", .type = TASKD_PARAM_STRING, .help = "Who runs it."},
	{.name = "directory", .type = TASKD_PARAM_PATH, .help = "Where."},
	{.name = NULL},
};
static const struct taskd_param bad_params[] = {
	{.name = "every", .type = TASKD_PARAM_STRING, .help = "Shadowed."},
	{.name = NULL},
};
static const struct taskd_plugin exec_plugin = {.name = "exec", .params = exec_params};
static const struct taskd_plugin bad_plugin = {.name = "bad", .params = bad_params};

static const struct taskd_plugin *find(const char *name, struct td_failure *failure, void *data)
{
	ck_assert_ptr_null(data);
	if (strcmp(name, "exec") == 0)
		return &exec_plugin;
	if (strcmp(name, "bad") == 0)
		return &bad_plugin;
	td_fail(failure, -TASKD_ENOPLUGIN, name, "there is no plugin \"%s\"", name);
	return NULL;
}

static const struct td_config_plugins plugins = {
	.find = find, .state = "/var/lib/my tasks", .socket = "/run/s"};

static const char *plugin_errors_of(const char *text)
{
	static struct td_strbuf result;
	struct td_config_errors errors = {0};
	struct td_config *config = parse(text);
	int r = td_config_check_plugins(config, &plugins, &errors);

	td_strbuf_reset(&result);
	ck_assert_int_eq(r, errors.n > 0 ? -TASKD_ECONFIG : 0);
	for (size_t i = 0; i < errors.n; i++)
		td_strbuf_addf(&result, "%s%s", i > 0 ? "\n" : "", errors.texts[i]);
	td_config_errors_fini(&errors);
	td_config_free(config);
	return td_strbuf_text(&result);
}

START_TEST(parameters_are_checked_against_the_plugin)
{
	ck_assert_str_eq(plugin_errors_of("[task a/t]\nplugin = exek\n"),
			 "f:2: [task a/t]: there is no plugin \"exek\"");
	ck_assert_str_eq(plugin_errors_of("[task a/t]\nplugin = exec\n"),
			 "f:1: [task a/t]: the parameter \"command\" is required: What to run.");
	ck_assert_str_eq(
		plugin_errors_of("[task a/t]\nplugin = exec\ncomand = x\nevry = 1s\nzzzz = 1\n"
				 "directory = tmp\n[task a/u]\nplugin = exec\ncommand = 'x\n"),
		"f:3: [task a/t]: unknown key \"comand\"; did you mean \"command\"?\n"
		"f:4: [task a/t]: unknown key \"evry\"; did you mean \"every\"?\n"
		"f:5: [task a/t]: unknown key \"zzzz\"; the plugin exec takes command, user, "
		"directory\n"
		"f:6: [task a/t]: directory = \"tmp\": expected an absolute path\n"
		"f:9: [task a/u]: command = \"'x\": expected words, with every quote closed");
	ck_assert_str_eq(plugin_errors_of("[task a/t]\nplugin = bad\n"),
			 "f:2: [task a/t]: the plugin bad declares a parameter \"every\", which is "
			 "a key of every task");
}
END_TEST

START_TEST(values_are_filled_in_without_quotes_and_with_places)
{
	struct td_config *config =
		parse("[task a/t]\nplugin = exec\n"
		      "command = /bin/sh -c 'echo >> ${state}/log' ${state}/x $${state} ${HOME} $\n"
		      "user = \"${socket} user\"\n"
		      "directory = ${state}/d\n");
	struct td_config_errors errors = {0};
	const char *const *words;
	const char *text;
	size_t n;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(td_config_check_plugins(config, &plugins, &errors), 0);
		ck_assert_int_eq(td_values_list(config->tasks[0]->values, "command", &words, &n),
				 0);
		ck_assert_uint_eq(n, 7);
		ck_assert_str_eq(words[2], "echo >> /var/lib/my tasks/log");
		ck_assert_str_eq(words[3], "/var/lib/my tasks/x");
		ck_assert_str_eq(words[4], "${state}");
		ck_assert_str_eq(words[5], "${HOME}");
		ck_assert_str_eq(words[6], "$");
		ck_assert_int_eq(td_values_string(config->tasks[0]->values, "user", &text), 0);
		ck_assert_str_eq(text, "/run/s user");
		ck_assert_int_eq(td_values_string(config->tasks[0]->values, "directory", &text), 0);
		ck_assert_str_eq(text, "/var/lib/my tasks/d");
	}
	td_config_free(config);
	ck_assert_str_eq(plugin_errors_of("[task a/t]\nplugin = exec\ncommand = ${runtime}\n"),
			 "f:3: [task a/t]: ${runtime} is not known here");
	ck_assert_str_eq(plugin_errors_of("[task a/t]\nplugin = exec\ncommand = '${state}\n"),
			 "f:3: [task a/t]: command = \"'${state}\": expected words, with every "
			 "quote closed");
}
END_TEST

/* ---- printing ----------------------------------------------------------------------------- */

/* What is printed, without the comments, which name other files the second time. */
static char *printed(const struct td_config *config, bool comments)
{
	struct td_strbuf whole = TD_STRBUF_INIT, plain = TD_STRBUF_INIT;
	const char *line;

	td_config_print(config, &whole);
	for (line = td_strbuf_text(&whole); *line;) {
		size_t length = strcspn(line, "\n") + 1;

		if (comments || line[0] != '#')
			td_strbuf_add(&plain, line, length);
		line += length;
	}
	td_strbuf_fini(&whole);
	return td_strbuf_take(&plain);
}

START_TEST(what_is_printed_can_be_read_again)
{
	struct td_config *config = parse("[daemon]\nsocket-group = \" a ; b \"\ngrace = 21s\n"
					 "[group a.b]\ngrace = 10001ms\n"
					 "[task a.b/t]\nplugin = 'x'\nevery = 1.5s\n"
					 "command = sh -c 'a ; b'\n  \"c # d\"\nempty =\n"
					 "[task /r]\nplugin = y\n");
	char *first = printed(config, true), *second, *third;
	struct td_config *again = parse(first);

	td_mem_free(first);
	first = printed(config, false);
	second = printed(again, false);
	ck_assert_str_eq(first, second);
	ck_assert_int_eq(again->tasks[0]->grace_ns, 10001 * TASKD_MSEC);
	ck_assert_int_eq(again->groups[0]->grace_ns, 21 * SECOND);
	ck_assert_str_eq(again->daemon.socket_group, " a ; b ");
	ck_assert_str_eq(again->tasks[0]->plugin, "x");
	ck_assert_str_eq(again->tasks[0]->params[0].source.text,
			 config->tasks[0]->params[0].source.text);
	third = printed(config, true);
	ck_assert_ptr_nonnull(strstr(third, "\n# f:3\ngrace = 21s\n"));
	ck_assert_ptr_nonnull(strstr(third, "\n# default\nabort-timeout = 250ms\n"));
	ck_assert_ptr_nonnull(strstr(third, "\n[group a]\n# description is not set\n"
					    "# inherited: f:3\ngrace = 21s\n"));
	ck_assert_ptr_nonnull(strstr(third, "\n# inherited: f:5\ngrace = 10001ms\n"));
	ck_assert_ptr_nonnull(strstr(third, "\n# f:9\ncommand = sh -c 'a ; b'  \"c # d\"\n"));
	ck_assert_ptr_nonnull(strstr(third, "\n# f:11\nempty =\n"));
	td_mem_free(first);
	td_mem_free(second);
	td_mem_free(third);
	td_config_free(again);
	td_config_free(config);
}
END_TEST

/* ---- bounds ------------------------------------------------------------------------------- */

START_TEST(ten_thousand_tasks_are_read_at_once)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_config *config;

	for (int i = 0; i < 10000; i++)
		td_strbuf_addf(&text, "[task g%d/t%d]\nplugin = x\nevery = 1s\n", i % 100, i);
	config = parse(td_strbuf_text(&text));
	ck_assert_uint_eq(config->n_tasks, 10000);
	ck_assert_uint_eq(config->n_groups, 100);
	ck_assert_str_eq(config->tasks[9999]->path, "g99/t9999");
	ck_assert_uint_eq(config->tasks[9999]->line, 29998);
	td_config_free(config);
	td_strbuf_fini(&text);
}
END_TEST

/* Parses and checks; what memory allows. */
static int whole(void)
{
	static const char text[] = "[daemon]\ngrace = 3s\nsocket-group = 'x'\n[group a.b]\n"
				   "[task a.b/t]\nplugin = exec\ncommand = ${state} b\nuser = u\n";
	struct td_config_errors errors = {0};
	struct td_config *config = td_config_parse("f", text, sizeof(text) - 1, &errors);
	int r = config ? td_config_check_plugins(config, &plugins, &errors) : -TASKD_ENOMEM;

	if (config == NULL)
		ck_assert_uint_gt(errors.n + errors.n_more, 0);
	td_config_free(config);
	td_config_errors_fini(&errors);
	return r;
}

START_TEST(memory_may_end_anywhere)
{
	TD_TEST_TORTURE(whole());
}
END_TEST

TD_TEST_MAIN("config", an_empty_file_gives_the_defaults, every_key_is_taken,
	     parents_are_implied_and_come_first, children_inherit_what_they_do_not_say,
	     comments_blank_lines_long_values_and_line_ends_are_understood,
	     a_line_of_64_kib_is_taken_and_a_longer_one_is_not, a_line_of_a_megabyte_is_refused,
	     a_continued_value_is_bounded, syntax_errors_name_the_line_and_the_rule,
	     an_indented_key_section_or_comment_is_refused_and_not_swallowed,
	     a_comment_behind_a_value_is_refused_unless_quoted, what_is_not_text_is_refused_by_line,
	     all_errors_are_told_and_only_so_many, sections_that_are_not_understood_are_refused,
	     a_section_stands_once_in_a_file, unknown_keys_and_wrong_values_are_refused,
	     keys_tasks_and_bytes_are_limited, the_number_of_groups_is_limited,
	     a_grace_above_that_of_the_parent_is_refused,
	     more_tasks_than_a_group_admits_are_refused, a_schedule_without_sense_is_refused,
	     a_stop_longer_than_systemd_waits_is_refused, parameters_are_checked_against_the_plugin,
	     values_are_filled_in_without_quotes_and_with_places, what_is_printed_can_be_read_again,
	     ten_thousand_tasks_are_read_at_once, memory_may_end_anywhere)
