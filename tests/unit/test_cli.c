/* SPDX-License-Identifier: MIT */
/* taskctl as a whole, against canned answers: what it asks, what it prints, how it ends. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/call.h"
#include "cli_replies.h"
#include "fake_daemon.h"
#include "tdtest.h"

#define ARGS_MAX 24
#define MANAGER "io.taskd.Manager."

/* What one run of taskctl gave. */
struct result {
	int code;
	char *out, *err; /* owned */
};

static char *slurp(int fd)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	char buffer[512];
	ssize_t n;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		td_strbuf_add(&text, buffer, (size_t)n);
	close(fd);
	return td_strbuf_take(&text);
}

static int temporary(void)
{
	FILE *file = tmpfile();
	int fd;

	ck_assert_ptr_nonnull(file);
	fd = dup(fileno(file));
	fclose(file);
	return fd;
}

/* Splits a command line on spaces; words with spaces are not needed here. */
static int split(char *line, char **argv)
{
	char *rest = NULL;
	int argc = 0;

	for (char *word = strtok_r(line, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		ck_assert_int_lt(argc, ARGS_MAX);
		argv[argc++] = word;
	}
	return argc;
}

/* Runs "taskctl ..." in this process, with the socket of a fake daemon (NULL: of none). */
static struct result run(const struct fake_daemon *fake, const char *command)
{
	char *line = td_mem_strdup(command), *argv[ARGS_MAX];
	struct result result;
	struct td_cli cli;
	int out = temporary(), err = temporary(), argc;

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	setenv("TZ", "UTC", 1);
	unsetenv("COLUMNS");
	setenv("TASKD_SOCKET", fake ? fake_daemon_socket(fake) : "/nonexistent/socket", 1);
	td_cli_init(&cli, out, err);
	argc = split(line, argv);
	result.code = td_cli_main(&cli, argc, argv);
	result.out = slurp(out);
	result.err = slurp(err);
	td_mem_free(line);
	return result;
}

static void result_fini(struct result *result)
{
	td_mem_free(result->out);
	td_mem_free(result->err);
}

/* Runs a command against a script and checks all that comes of it; NULL: not looked at. */
static void expect(const struct fake_answer *script, const char *command, int code, const char *out,
		   const char *err)
{
	struct fake_daemon *fake = script ? fake_daemon_start(script) : NULL;
	struct result result = run(fake, command);

	ck_assert_msg(result.code == code, "%s: exit %d, expected %d\n%s%s", command, result.code,
		      code, result.out, result.err);
	if (out != NULL)
		ck_assert_str_eq(result.out, out);
	if (err != NULL)
		ck_assert_str_eq(result.err, err);
	/* Whatever goes wrong is one line. */
	if (code >= 2 && code <= 6)
		ck_assert_msg(strncmp(result.err, "taskctl: ", 9) == 0 &&
				      strchr(result.err, '\n') ==
					      result.err + strlen(result.err) - 1,
			      "%s: not one line: %s", command, result.err);
	result_fini(&result);
	if (fake != NULL)
		fake_daemon_stop(fake);
}

START_TEST(wrong_command_lines_exit_with_2_and_say_what_was_meant)
{
	static const char *const wrong[][2] = {
		{"taskctl", "taskctl: no verb given; see taskctl --help\n"},
		{"taskctl lst", "taskctl: unknown verb 'lst': did you mean 'list'?\n"},
		{"taskctl xyzzyxyzzy", "taskctl: unknown verb 'xyzzyxyzzy'; see taskctl --help\n"},
		{"taskctl --jsn list", "taskctl: unknown option --jsn: did you mean --json?\n"},
		{"taskctl list --srt age",
		 "taskctl: list: unknown option --srt: did you mean --sort?\n"},
		{"taskctl list --sort aeg", NULL},
		{"taskctl list -x", "taskctl: list: unknown option -x\n"},
		{"taskctl list --sort", "taskctl: list: option --sort needs a value: KEY\n"},
		{"taskctl list --json=yes", "taskctl: list: option --json takes no value\n"},
		{"taskctl tree -fj", NULL},
		{"taskctl list a b", "taskctl: list: 'b' is one word too many\n"},
		{"taskctl show", "taskctl: show needs PATH; see taskctl show --help\n"},
		{"taskctl show a..b", NULL},
		{"taskctl show a -- b", "taskctl: show takes nothing after --\n"},
		{"taskctl tree a/b", NULL},
		{"taskctl --timeout 5 ping", NULL},
		{"taskctl stop jobs --grace soon", NULL},
		{"taskctl stop jobs --grace infinity", NULL},
		{"taskctl run exec", "taskctl: run needs --group: every task belongs to a group\n"},
		{"taskctl run --group a..b exec", NULL},
		{"taskctl run --group jobs --name a/b exec", NULL},
		{"taskctl run --group jobs exec /bin/true", NULL},
		{"taskctl run --group jobs -p x exec", "taskctl: -p 'x': expected KEY=VALUE\n"},
		{"taskctl run --group jobs -p x=1 -px=2 exec", NULL},
		{"taskctl watch --level loud", NULL},
		{"taskctl call Ping {", NULL},
		{"taskctl call Ping []", NULL},
		{"taskctl call Ping --more --oneway", NULL},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect(NULL, wrong[i][0], TD_EXIT_USAGE, "", wrong[i][1]);
}
END_TEST

START_TEST(without_a_daemon_it_says_where_it_looked_and_exits_with_5)
{
	expect(NULL, "taskctl ping", TD_EXIT_NO_DAEMON, "",
	       "taskctl: no daemon answers on /nonexistent/socket: No such file or directory; "
	       "start taskd, or name its socket with --socket or TASKD_SOCKET\n");
	expect(NULL, "taskctl --socket /nonexistent/other ping", TD_EXIT_NO_DAEMON, "",
	       "taskctl: no daemon answers on /nonexistent/other: No such file or directory; "
	       "start taskd, or name its socket with --socket or TASKD_SOCKET\n");
}
END_TEST

START_TEST(a_daemon_that_goes_away_is_no_daemon)
{
	static const struct fake_answer script[] = {
		{MANAGER "Ping", .replies = "", .hang_up = true},
		{MANAGER "Watch", .replies = "{\"parameters\":{},\"continues\":true}",
		 .hang_up = true},
		{0},
	};

	expect(script, "taskctl ping", TD_EXIT_NO_DAEMON, "", NULL);
	expect(script, "taskctl watch", TD_EXIT_NO_DAEMON, "", NULL);
}
END_TEST

START_TEST(an_answer_that_does_not_come_exits_with_6)
{
	static const struct fake_answer script[] = {
		{MANAGER "Ping", .replies = ""},
		{MANAGER "Stop", .replies = ""},
		{MANAGER "Watch", .replies = "{\"parameters\":{},\"continues\":true}"},
		{0},
	};

	expect(script, "taskctl --timeout 10ms ping", TD_EXIT_TIMED_OUT, "", NULL);
	expect(script, "taskctl watch --timeout 10ms", TD_EXIT_TIMED_OUT, "",
	       "taskctl: watch: timed out after 10ms\n");
}
END_TEST

START_TEST(a_stop_that_is_not_awaited_goes_on_and_that_is_said)
{
	static const struct fake_answer script[] = {
		{MANAGER "Stop", .replies = ""},
		{0},
	};
	struct fake_daemon *fake = fake_daemon_start(script);
	struct result result = run(fake, "taskctl --timeout 10ms stop jobs --grace 2s");

	ck_assert_int_eq(result.code, TD_EXIT_TIMED_OUT);
	ck_assert_str_eq(
		result.err,
		"taskctl: timed out after 10ms: the stop of jobs goes on; taskctl tree shows "
		"how far it is\n");
	fake_daemon_await(fake, "Stop");
	ck_assert_ptr_nonnull(strstr(fake_daemon_calls(fake), "\"graceUsec\":2000000"));
	result_fini(&result);
	fake_daemon_stop(fake);
}
END_TEST

/* A child, so that the signal and the exit code are those of a process. */
static pid_t start_process(const struct fake_daemon *fake, const char *command, int err)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *line = td_mem_strdup(command), *argv[ARGS_MAX];
		struct td_cli cli;
		int argc = split(line, argv);

		signal(SIGINT, SIG_DFL); /* Check has a handler of its own */
		setenv("TASKD_SOCKET", fake_daemon_socket(fake), 1);
		td_cli_init(&cli, err, err);
		_exit(td_cli_main(&cli, argc, argv));
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

START_TEST(ctrl_c_during_a_stop_says_that_it_goes_on_and_dies_as_asked)
{
	static const struct fake_answer script[] = {
		{MANAGER "Shutdown", .replies = ""},
		{0},
	};
	struct fake_daemon *fake = fake_daemon_start(script);
	int err = temporary(), status;
	pid_t pid = start_process(fake, "taskctl shutdown", err);
	char *text;

	fake_daemon_await(fake, "Shutdown");
	ck_assert_int_eq(kill(pid, SIGINT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGINT);
	text = slurp(err);
	ck_assert_str_eq(text,
			 "taskctl: interrupted: the stop of the daemon goes on; taskctl tree shows "
			 "how far it is\n");
	td_mem_free(text);
	fake_daemon_stop(fake);
}
END_TEST

START_TEST(each_error_has_its_exit_code)
{
	static const struct {
		const char *error;
		int code;
	} errors[] = {
		{MANAGER "InvalidArgument", 2},
		{MANAGER "OutOfMemory", 1},
		{MANAGER "Cancelled", 1},
		{MANAGER "Timeout", 6},
		{MANAGER "GroupClosed", 4},
		{MANAGER "NameTaken", 4},
		{MANAGER "NoSuchGroup", 3},
		{MANAGER "NoSuchTask", 3},
		{MANAGER "NoSuchPlugin", 3},
		{MANAGER "AtCapacity", 4},
		{MANAGER "ForcedAbort", 1},
		{MANAGER "NotSupported", 4},
		{MANAGER "NotPermitted", 4},
		{MANAGER "OutsideTask", 1},
		{MANAGER "BadPlugin", 4},
		{MANAGER "BadConfig", 4},
		{MANAGER "BadMessage", 1},
		{MANAGER "Busy", 4},
		{MANAGER "ShuttingDown", 4},
		{MANAGER "Condemned", 1},
		{"org.varlink.service.InterfaceNotFound", 3},
		{"org.varlink.service.MethodNotFound", 3},
		{"org.varlink.service.MethodNotImplemented", 4},
		{"org.varlink.service.InvalidParameter", 2},
		{"org.varlink.service.PermissionDenied", 4},
		{"org.varlink.service.ExpectedMore", 2},
		{"org.example.Unknown", 1},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		char *reply = td_mem_printf("{\"error\":\"%s\",\"parameters\":"
					    "{\"message\":\"the group jobs says \\u001b[31mno\"}}",
					    errors[i].error);
		struct fake_answer script[] = {{MANAGER "Get", .replies = reply}, {0}};

		expect(script, "taskctl show jobs", errors[i].code, "",
		       "taskctl: the group jobs says .[31mno\n");
		td_mem_free(reply);
	}
}
END_TEST

START_TEST(errors_without_a_message_still_name_the_thing)
{
	struct fake_answer script[] = {{MANAGER "Ping", .replies = NULL}, {0}};

	script[0].replies = "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":"
			    "{\"method\":\"" MANAGER "Ping\"}}";
	expect(script, "taskctl ping", 3, "",
	       "taskctl: the daemon has no method 'io.taskd.Manager.Ping'\n");
	script[0].replies = "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"
			    "{\"parameter\":\"grace\"}}";
	expect(script, "taskctl ping", 2, "",
	       "taskctl: the daemon does not accept the parameter 'grace'\n");
	script[0].replies = "{\"error\":\"org.varlink.service.PermissionDenied\"}";
	expect(script, "taskctl ping", 4, "", "taskctl: not permitted\n");
	script[0].replies = "{\"error\":\"org.example.Odd\"}";
	expect(script, "taskctl ping", 1, "",
	       "taskctl: the daemon answered with the error org.example.Odd\n");
}
END_TEST

static const struct fake_answer looking[] = {
	{MANAGER "List", .replies = "{\"parameters\":" REPLY_LIST "}"},
	{MANAGER "Get", .call = "jobs/finite",
	 .replies = "{\"parameters\":{\"task\":" TASK_FINITE "}}"},
	{MANAGER "Get", .replies = "{\"parameters\":{\"group\":" GROUP_JOBS "}}"},
	{MANAGER "GetStatus", .replies = "{\"parameters\":" REPLY_STATUS "}"},
	{MANAGER "ListPlugins", .replies = "{\"parameters\":" REPLY_PLUGINS "}"},
	{MANAGER "Ping", .replies = "{}"},
	{"org.varlink.service.GetInfo",
	 .replies = "{\"parameters\":{\"vendor\":\"\",\"interfaces\":[\"io.taskd.Manager\","
		    "\"org.varlink.service\"]}}"},
	{"org.varlink.service.GetInterfaceDescription",
	 .replies = "{\"parameters\":{\"description\":\"# a\\u001b\\ninterface a.b\\n\"}}"},
	{0},
};

START_TEST(looking_exits_with_0)
{
	static const char *const commands[] = {
		"taskctl list",
		"taskctl list ingest --sort age",
		"taskctl tree",
		"taskctl tree /",
		"taskctl tree ingest",
		"taskctl show jobs/finite",
		"taskctl show jobs",
		"taskctl status",
		"taskctl status -v",
		"taskctl plugins",
		"taskctl plugins exec",
		"taskctl ping",
		"taskctl introspect",
		"taskctl --no-color -t 5s list",
		"taskctl list -t5s --json",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		expect(looking, commands[i], 0, NULL, "");
	expect(looking, "taskctl introspect a.b", 0, "# a.\ninterface a.b\n", "");
	expect(looking, "taskctl introspect", 0, "io.taskd.Manager\norg.varlink.service\n", "");
}
END_TEST

START_TEST(json_prints_the_parameters_of_the_reply_and_nothing_else)
{
	expect(looking, "taskctl --json list", 0, REPLY_LIST "\n", "");
	expect(looking, "taskctl tree --json", 0, REPLY_LIST "\n", "");
	expect(looking, "taskctl -j status", 0, REPLY_STATUS "\n", "");
	expect(looking, "taskctl --json ping", 0, "{}\n", "");
	expect(looking, "taskctl show jobs/finite --json", 0, "{\"task\":" TASK_FINITE "}\n", "");
	expect(looking, "taskctl call GetStatus", 0, REPLY_STATUS "\n", "");
	expect(looking, "taskctl call io.taskd.Manager.Ping {}", 0, "{}\n", "");
}
END_TEST

START_TEST(plugins_that_are_refused_or_unknown_have_exit_codes)
{
	expect(looking, "taskctl plugins old", 1,
	       "old  refused: made for ABI 1, this is 2\n  /lib/old.so\n", "");
	expect(looking, "taskctl plugins exac", 3, "",
	       "taskctl: no such plugin: exac; did you mean exec?\n");
}
END_TEST

START_TEST(what_is_asked_for_is_what_is_sent)
{
	static const struct fake_answer script[] = {
		{MANAGER "Run", .replies = "{\"parameters\":{\"task\":{\"path\":\"jobs/a.1\"}}}"},
		{MANAGER "Cancel", .call = "/ended",
		 .replies = "{\"error\":\"" MANAGER "NoSuchTask\",\"parameters\":{\"message\":"
			    "\"jobs/ended has ended\"}}"},
		{MANAGER "Stop", .replies = "{\"error\":\"" MANAGER
					    "NoSuchTask\",\"parameters\":{\"message\":"
					    "\"jobs/ended has ended\"}}"},
		{MANAGER "Get", .call = "/ended", .replies = "{\"parameters\":{\"task\":{}}}"},
		{MANAGER "Get",
		 .replies = "{\"error\":\"" MANAGER "NoSuchTask\",\"parameters\":{}}"},
		{MANAGER "Cancel", .call = "gone", .replies = "{\"parameters\":{\"cancelled\":0}}"},
		{MANAGER "Cancel", .replies = "{\"parameters\":{\"cancelled\":2}}"},
		{MANAGER "Start", .replies = "{\"parameters\":{\"task\":{\"path\":\"jobs/a\"}}}"},
		{0},
	};
	static const struct {
		const char *command, *call, *out;
	} asked[] = {
		{"taskctl run --group jobs -n a.1 -p x=1 --parameter y== exec -- /bin/a -b --",
		 "{\"method\":\"" MANAGER "Run\",\"parameters\":{\"group\":\"jobs\",\"plugin\":"
		 "\"exec\",\"name\":\"a.1\",\"parameters\":{\"x\":\"1\",\"y\":\"=\"},"
		 "\"arguments\":[\"/bin/a\",\"-b\",\"--\"]}}",
		 "jobs/a.1\n"},
		{"taskctl run -g jobs exec",
		 "\"parameters\":{\"group\":\"jobs\",\"plugin\":\"exec\"}}", "jobs/a.1\n"},
		{"taskctl cancel jobs --reason enough", "{\"path\":\"jobs\",\"reason\":\"enough\"}",
		 "jobs: asked 2 tasks to stop\n"},
		{"taskctl cancel gone", "{\"path\":\"gone\"}", "gone: asked 0 tasks to stop\n"},
		{"taskctl start #42", "{\"path\":\"#42\"}", "jobs/a\n"},
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct fake_daemon *fake = fake_daemon_start(script);
		struct result result = run(fake, asked[i].command);

		ck_assert_str_eq(result.err, "");
		ck_assert_int_eq(result.code, 0);
		ck_assert_str_eq(result.out, asked[i].out);
		ck_assert_msg(strstr(fake_daemon_calls(fake), asked[i].call) != NULL, "%s\n%s",
			      asked[i].call, fake_daemon_calls(fake));
		result_fini(&result);
		fake_daemon_stop(fake);
	}
	expect(script, "taskctl cancel jobs/gone", 1, "", "taskctl: jobs/gone is not running\n");
	/* What is there but has ended is not the same as what never was. */
	expect(script, "taskctl cancel jobs/ended", 1, "", "taskctl: jobs/ended has ended\n");
	expect(script, "taskctl stop jobs/ended", 1, "", "taskctl: jobs/ended has ended\n");
	expect(script, "taskctl stop jobs/never", 3, "", NULL);
}
END_TEST

START_TEST(a_report_exits_with_1_only_when_something_is_condemned)
{
	static const struct fake_answer condemned[] = {
		{MANAGER "Stop", .replies = "{\"parameters\":" REPLY_REPORT "}"}, {0}};
	static const struct fake_answer aborted[] = {
		{MANAGER "Shutdown",
		 .replies =
			 "{\"parameters\":{\"report\":{\"group\":\"/\",\"result\":\"aborted\"}}}"},
		{0},
	};

	expect(condemned, "taskctl stop jobs", 1, NULL, "");
	expect(condemned, "taskctl stop jobs --json", 1, REPLY_REPORT "\n", "");
	expect(aborted, "taskctl shutdown --grace 0", 0, NULL, "");
}
END_TEST

START_TEST(wait_exits_as_the_task_did)
{
	static const struct {
		const char *end, *out;
		int code;
	} ends[] = {
		{"\"outcome\":\"completed\"", "jobs/a: completed\n", 0},
		{"\"outcome\":\"failed\",\"outcomeCode\":7,\"outcomeMessage\":\"exit code 7\"",
		 "jobs/a: failed (7): exit code 7\n", 7},
		{"\"outcome\":\"failed\",\"outcomeCode\":256", "jobs/a: failed (256)\n", 1},
		{"\"outcome\":\"failed\",\"outcomeCode\":-5", "jobs/a: failed\n", 1},
		{"\"outcome\":\"failed\"", "jobs/a: failed\n", 1},
		{"\"outcome\":\"crashed\",\"outcomeCode\":11", "jobs/a: crashed (signal 11)\n", 1},
		{"\"outcome\":\"cancelled\"", "jobs/a: cancelled\n", 1},
		{"\"outcome\":\"condemned\"", "jobs/a: condemned\n", 1},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *reply = td_mem_printf("{\"parameters\":{\"task\":{\"path\":\"jobs/a\","
					    "\"state\":\"ended\",%s}}}",
					    ends[i].end);
		struct fake_answer script[] = {{MANAGER "Wait", .replies = reply}, {0}};

		expect(script, "taskctl wait jobs/a", ends[i].code, ends[i].out, "");
		td_mem_free(reply);
	}
}
END_TEST

/* clang-format off */
#define EVENT_OF(task, kind, level, text)                                                    \
	"{\"parameters\":{\"event\":{\"sequence\":5,\"timeUsec\":1,\"kind\":\"" kind "\","      \
	"\"level\":\"" level "\",\"path\":\"jobs/x\",\"task\":" task ",\"text\":\"" text "\"}}," \
	"\"continues\":true}\n"
#define FIRST_OF_STREAM "{\"parameters\":{\"sequence\":4},\"continues\":true}\n"

static const struct fake_answer running[] = {
	{MANAGER "Watch",
	 .replies = FIRST_OF_STREAM
		    EVENT_OF("8", "output", "info", "of another")
		    EVENT_OF("9", "started", "info", "started")
		    EVENT_OF("9", "output", "info", "to stdout")
		    EVENT_OF("9,\"stream\":2", "output", "info", "to stderr")
		    EVENT_OF("9", "output", "info", "last")
		    EVENT_OF("9", "ended", "info", "failed"),
	 .after = "Run"},
	{MANAGER "Run", .replies = "{\"parameters\":{\"task\":{\"id\":9,\"path\":\"jobs/x\"}}}"},
	{MANAGER "Wait",
	 .call = "\"#9\"",
	 .replies = "{\"parameters\":{\"task\":{\"path\":\"jobs/x\",\"state\":\"ended\","
		    "\"outcome\":\"failed\",\"outcomeCode\":7,"
		    "\"outcomeMessage\":\"exit code 7\"}}}"},
	{0},
};
/* clang-format on */

START_TEST(run_and_wait_shows_all_output_of_its_task_and_nothing_of_others)
{
	expect(running, "taskctl run --group jobs --wait exec -- /bin/x", 7, "to stdout\nlast\n",
	       "to stderr\njobs/x: failed (7): exit code 7\n");
}
END_TEST

START_TEST(watch_prints_a_line_for_each_event_and_tells_of_lost_ones)
{
	static const struct fake_answer script[] = {
		{MANAGER "Watch", .call = "{\"path\":\"host\",\"level\":\"debug\"}",
		 .replies = "{\"parameters\":{\"sequence\":4},\"continues\":true}\n"
			    "{\"parameters\":" REPLY_EVENT ",\"continues\":true}\n"
			    "{\"error\":\"" MANAGER "ShuttingDown\",\"parameters\":"
			    "{\"message\":\"the daemon is stopping\"}}"},
		{0},
	};

	expect(script, "taskctl watch host --level debug", 4,
	       "-- 3 events were lost here: this reader was too slow --\n"
	       "11:59:59.123 warning host/load: load is high.[2J\n",
	       "taskctl: the daemon is stopping\n");
	expect(script, "taskctl watch host -l debug --json", 4,
	       "{\"sequence\":4}\n" REPLY_EVENT "\n", NULL);
}
END_TEST

START_TEST(a_reader_that_left_ends_a_stream_quietly)
{
	static const struct fake_answer script[] = {
		{MANAGER "Watch", .replies = "{\"parameters\":{},\"continues\":true}"}, {0}};
	struct fake_daemon *fake = fake_daemon_start(script);
	char *argv[] = {(char *)"taskctl", (char *)"watch"};
	int ends[2], err = temporary();
	struct td_cli cli;
	char *text;

	signal(SIGPIPE, SIG_IGN);
	setenv("TASKD_SOCKET", fake_daemon_socket(fake), 1);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	td_cli_init(&cli, ends[1], err);
	ck_assert_int_eq(td_cli_main(&cli, 2, argv), 0);
	close(ends[1]);
	text = slurp(err);
	ck_assert_str_eq(text, "");
	td_mem_free(text);
	fake_daemon_stop(fake);
}
END_TEST

START_TEST(an_output_that_cannot_be_written_is_a_failure)
{
	struct fake_daemon *fake = fake_daemon_start(looking);
	char *argv[] = {(char *)"taskctl", (char *)"list"};
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), err = temporary();
	struct td_cli cli;
	char *text;

	ck_assert_int_ge(full, 0);
	setenv("TASKD_SOCKET", fake_daemon_socket(fake), 1);
	td_cli_init(&cli, full, err);
	ck_assert_int_eq(td_cli_main(&cli, 2, argv), TD_EXIT_FAILED);
	close(full);
	text = slurp(err);
	ck_assert_str_eq(text, "taskctl: cannot write the output: No space left on device\n");
	td_mem_free(text);
	fake_daemon_stop(fake);
}
END_TEST

START_TEST(call_prints_every_reply_of_a_stream)
{
	static const struct fake_answer script[] = {
		{"a.b.C", .call = "\"more\":true",
		 .replies = "{\"parameters\":{\"n\":1},\"continues\":true}\n{\"parameters\":{\"n\":"
			    "2}}"},
		{"a.b.C", .call = "\"oneway\":true", .replies = ""},
		{"a.b.C",
		 .replies = "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}"},
		{0},
	};
	struct fake_daemon *fake;
	struct result result;

	expect(script, "taskctl call a.b.C --more", 0, "{\"n\":1}\n{\"n\":2}\n", "");
	expect(script, "taskctl call a.b.C", 2, NULL,
	       "taskctl: this method answers more than once: use --more\n");
	fake = fake_daemon_start(script);
	result = run(fake, "taskctl call a.b.C {\"x\":[1]} --oneway");
	ck_assert_int_eq(result.code, 0);
	ck_assert_str_eq(result.out, "");
	fake_daemon_await(fake, "\"parameters\":{\"x\":[1]}");
	result_fini(&result);
	fake_daemon_stop(fake);
}
END_TEST

START_TEST(a_followed_tree_on_a_pipe_is_printed_when_it_has_changed)
{
	static const struct fake_answer script[] = {
		{MANAGER "List", .replies = "{\"parameters\":{\"groups\":[],\"tasks\":[]}}"},
		{MANAGER "Watch", .replies = FIRST_OF_STREAM EVENT_OF("9", "ended", "info", "x")},
		{0},
	};

	/* Two looks at the same tree, by the event and by the deadline, and one print. */
	expect(script, "taskctl tree --follow --timeout 400ms", TD_EXIT_TIMED_OUT, "/  0 tasks\n",
	       "taskctl: tree --follow: timed out after 400ms\n");
}
END_TEST

static char *read_file(const char *name)
{
	const char *folder = getenv("srcdir");
	char *path = td_mem_printf("%s/%s", folder ? folder : ".", name), *text;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	text = slurp(fd);
	td_mem_free(path);
	return text;
}

/* Whether a page has an option, written as mdoc does: "Fl \-grace" or "Fl g". */
static bool page_has_option(const char *page, const struct td_option *option)
{
	struct td_strbuf wanted = TD_STRBUF_INIT;
	bool found;

	td_strbuf_adds(&wanted, "Fl \\-");
	for (const char *c = option->name; *c != '\0'; c++)
		td_strbuf_addf(&wanted, "%s%c", *c == '-' ? "\\" : "", *c);
	found = strstr(page, td_strbuf_text(&wanted)) != NULL;
	td_strbuf_reset(&wanted);
	td_strbuf_addf(&wanted, "Fl %c", option->letter);
	found = found && (option->letter == 0 || strstr(page, td_strbuf_text(&wanted)) != NULL);
	td_strbuf_fini(&wanted);
	return found;
}

START_TEST(the_manual_speaks_of_every_verb_and_option)
{
	char *page = read_file("man/taskctl.1");

	for (const struct td_option *o = td_verb_globals; o->name != NULL; o++)
		ck_assert_msg(page_has_option(page, o), "--%s is not in taskctl(1)", o->name);
	for (size_t i = 0; td_verbs[i] != NULL; i++) {
		char *cm = td_mem_printf("Cm %s", td_verbs[i]->name);

		ck_assert_msg(strstr(page, cm) != NULL, "%s is not in taskctl(1)",
			      td_verbs[i]->name);
		td_mem_free(cm);
		for (const struct td_option *o = td_verbs[i]->options; o && o->name; o++)
			ck_assert_msg(page_has_option(page, o), "%s --%s is not in taskctl(1)",
				      td_verbs[i]->name, o->name);
	}
	td_mem_free(page);
}
END_TEST

START_TEST(the_completions_know_every_verb_and_option)
{
	static const char *const files[] = {
		"contrib/completions/taskctl.bash",
		"contrib/completions/_taskctl",
		"contrib/completions/taskctl.fish",
	};

	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
		char *text = read_file(files[f]);

		for (size_t i = 0; td_verbs[i] != NULL; i++) {
			ck_assert_msg(strstr(text, td_verbs[i]->name) != NULL, "%s: no %s",
				      files[f], td_verbs[i]->name);
			for (const struct td_option *o = td_verbs[i]->options; o && o->name; o++)
				ck_assert_msg(strstr(text, o->name) != NULL, "%s: no --%s",
					      files[f], o->name);
		}
		td_mem_free(text);
	}
}
END_TEST

START_TEST(help_is_there_for_everything_and_fits_80_columns)
{
	for (size_t i = 0; i == 0 || td_verbs[i - 1] != NULL; i++) {
		char *command = i == 0 ? td_mem_strdup("taskctl --help")
				       : td_mem_printf("taskctl %s --help", td_verbs[i - 1]->name);
		struct result result = run(NULL, command);
		char *rest = NULL;

		ck_assert_int_eq(result.code, 0);
		ck_assert_int_eq(strncmp(result.out, "Usage: taskctl", 14), 0);
		for (char *line = strtok_r(result.out, "\n", &rest); line != NULL;
		     line = strtok_r(NULL, "\n", &rest))
			ck_assert_msg(strlen(line) <= 90, "%s: %s", command, line);
		result_fini(&result);
		td_mem_free(command);
	}
	expect(NULL, "taskctl --version", 0, "taskctl " PACKAGE_VERSION "\n", "");
	expect(NULL, "taskctl list --version", 0, "taskctl " PACKAGE_VERSION "\n", "");
}
END_TEST

TD_TEST_MAIN("cli", wrong_command_lines_exit_with_2_and_say_what_was_meant,
	     without_a_daemon_it_says_where_it_looked_and_exits_with_5,
	     a_daemon_that_goes_away_is_no_daemon, an_answer_that_does_not_come_exits_with_6,
	     a_stop_that_is_not_awaited_goes_on_and_that_is_said,
	     ctrl_c_during_a_stop_says_that_it_goes_on_and_dies_as_asked,
	     each_error_has_its_exit_code, errors_without_a_message_still_name_the_thing,
	     looking_exits_with_0, json_prints_the_parameters_of_the_reply_and_nothing_else,
	     plugins_that_are_refused_or_unknown_have_exit_codes, what_is_asked_for_is_what_is_sent,
	     a_report_exits_with_1_only_when_something_is_condemned, wait_exits_as_the_task_did,
	     run_and_wait_shows_all_output_of_its_task_and_nothing_of_others,
	     watch_prints_a_line_for_each_event_and_tells_of_lost_ones,
	     a_reader_that_left_ends_a_stream_quietly,
	     an_output_that_cannot_be_written_is_a_failure, call_prints_every_reply_of_a_stream,
	     a_followed_tree_on_a_pipe_is_printed_when_it_has_changed,
	     the_manual_speaks_of_every_verb_and_option, the_completions_know_every_verb_and_option,
	     help_is_there_for_everything_and_fits_80_columns)
