/* SPDX-License-Identifier: MIT */
/* Options, output and signals: what every verb works with. */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/duration.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/call.h"

void td_cli_init(struct td_cli *cli, int out, int err)
{
	*cli = (struct td_cli){
		.out = out, .err = err, .timeout_ns = -1, .deadline_ns = INT64_MAX, .signals = -1};
	td_style_init(&cli->style, out, false);
}

/* Writes all bytes. Returns: 0 or -errno. */
static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		struct pollfd room = {.fd = fd, .events = POLLOUT};

		if (n >= 0) {
			bytes += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN) {
			/* A terminal that somebody else made non-blocking. */
			(void)poll(&room, 1, -1);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int td_cli_print(struct td_cli *cli, struct td_strbuf *text)
{
	int r = 0;

	if (!td_strbuf_ok(text)) {
		td_strbuf_fini(text);
		return td_cli_error(cli, TD_EXIT_FAILED, "out of memory");
	}
	if (!cli->closed)
		r = write_all(cli->out, td_strbuf_text(text), text->length);
	td_strbuf_fini(text);
	if (r == -EPIPE) {
		cli->closed = true;
		r = 0;
	}
	return r == 0 ? TD_EXIT_DONE
		      : td_cli_error(cli, TD_EXIT_FAILED, "cannot write the output: %s",
				     strerror(-r));
}

int td_cli_print_json(struct td_cli *cli, const struct td_json *value)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);

	if (value == NULL)
		td_strbuf_adds(&text, "{}");
	else
		td_json_add_value(&w, NULL, value);
	td_strbuf_addc(&text, '\n');
	return td_cli_print(cli, &text);
}

int td_cli_error(struct td_cli *cli, int exit_code, const char *format, ...)
{
	struct td_style style = {.utf8 = cli->style.utf8};
	struct td_strbuf line = TD_STRBUF_INIT;
	va_list args;
	char *text;

	va_start(args, format);
	text = td_mem_vprintf(format, args);
	va_end(args);
	td_strbuf_adds(&line, "taskctl: ");
	td_style_put(&style, &line, TD_TONE_PLAIN, text ? text : "out of memory");
	td_strbuf_addc(&line, '\n');
	/* There is nobody left to tell when stderr is gone too. */
	(void)write_all(cli->err, td_strbuf_text(&line), line.length);
	td_strbuf_fini(&line);
	td_mem_free(text);
	return exit_code;
}

int td_cli_duration(struct td_cli *cli, const struct td_args *args, const char *option,
		    int64_t *ret_ns)
{
	const char *value = td_args_value(args, option);

	if (value == NULL || td_duration_parse(value, ret_ns) == 0)
		return TD_EXIT_DONE;
	return td_cli_error(cli, TD_EXIT_USAGE,
			    "--%s '%s': not a duration; write it as 250ms, 2s, 1h 30min, 0 or "
			    "infinity",
			    option, value);
}

int td_cli_check_path(struct td_cli *cli, const char *path)
{
	struct td_path parsed;
	const char *why = "";

	if (td_path_parse(path, &parsed, &why) == 0)
		return TD_EXIT_DONE;
	return td_cli_error(cli, TD_EXIT_USAGE, "'%s' is not a path: %s", path, why);
}

void td_cli_no_deadline(struct td_cli *cli)
{
	if (cli->timeout_ns < 0)
		cli->deadline_ns = INT64_MAX;
}

/* The signals to take over. What our caller has us ignore (as nohup(1) does) stays ignored. */
static void our_signals(sigset_t *set)
{
	static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
	struct sigaction now;

	sigemptyset(set);
	for (size_t i = 0; i < TD_ARRAY_SIZE(ours); i++)
		if (sigaction(ours[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(set, ours[i]);
}

void td_cli_signals_start(struct td_cli *cli)
{
	sigset_t set;

	our_signals(&set);
	if (cli->signals >= 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return;
	cli->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Without the descriptor the signals keep their usual meaning. */
	if (cli->signals < 0)
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void td_cli_signals_stop(struct td_cli *cli)
{
	sigset_t set;

	if (cli->signals < 0)
		return;
	cli->signals = td_fd_close(cli->signals);
	our_signals(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	if (cli->caught != 0)
		(void)raise(cli->caught);
}

/* Takes the options that every verb has. Returns: an exit code. */
static int take_globals(struct td_cli *cli, const struct td_args *args)
{
	const char *socket = td_args_value(args, "socket");

	if (socket != NULL)
		cli->socket = socket;
	cli->json = cli->json || td_args_flag(args, "json");
	if (td_args_flag(args, "no-color"))
		td_style_init(&cli->style, cli->out, true);
	return td_cli_duration(cli, args, "timeout", &cli->timeout_ns);
}

/* Answers --help and --version. Returns: whether there was anything to answer. */
static bool informed(struct td_cli *cli, const struct td_args *args, const struct td_verb *verb,
		     int *ret_exit)
{
	struct td_strbuf text = TD_STRBUF_INIT;

	if (td_args_flag(args, "help"))
		td_verb_help(&text, verb);
	else if (td_args_flag(args, "version"))
		td_strbuf_adds(&text, "taskctl " PACKAGE_VERSION "\n");
	else
		return false;
	*ret_exit = td_cli_print(cli, &text);
	return true;
}

/* Checks how many words the verb was given. Returns: an exit code. */
static int check_words(struct td_cli *cli, const struct td_verb *verb, const struct td_args *args)
{
	if (args->n_words < verb->min_words)
		return td_cli_error(cli, TD_EXIT_USAGE, "%s needs %s; see taskctl %s --help",
				    verb->name, verb->arguments, verb->name);
	if (args->n_words > verb->max_words)
		return td_cli_error(cli, TD_EXIT_USAGE, "%s: '%s' is one word too many%s",
				    verb->name, args->words[verb->max_words],
				    verb->takes_rest ? "; the words of a command stand after --"
						     : "");
	if (args->rest != NULL && args->n_rest > 0 && !verb->takes_rest)
		return td_cli_error(cli, TD_EXIT_USAGE, "%s takes nothing after --", verb->name);
	return TD_EXIT_DONE;
}

static int64_t deadline_of(const struct td_cli *cli, const struct td_verb *verb)
{
	int64_t now_ns = td_call_now(), timeout_ns = cli->timeout_ns;

	if (timeout_ns < 0)
		timeout_ns = verb->waits ? INT64_MAX : TD_CALL_QUESTION_NS;
	return timeout_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + timeout_ns;
}

static int run_verb(struct td_cli *cli, const struct td_verb *verb, int argc, char **argv)
{
	struct td_failure failure = {0};
	struct td_args args;
	int code;

	if (td_args_parse(&args, argc, argv, td_verb_globals, verb->options, false, &failure) < 0)
		return td_cli_error(cli, TD_EXIT_USAGE, "%s: %s", verb->name, failure.text);
	code = take_globals(cli, &args);
	if (code == TD_EXIT_DONE && !informed(cli, &args, verb, &code)) {
		code = check_words(cli, verb, &args);
		if (code == TD_EXIT_DONE) {
			cli->deadline_ns = deadline_of(cli, verb);
			code = verb->run(cli, &args);
			td_cli_signals_stop(cli);
		}
	}
	td_args_fini(&args);
	return code;
}

static int no_verb(struct td_cli *cli, const char *name)
{
	const char *nearest = NULL;

	td_verb_find(name, &nearest);
	if (nearest != NULL)
		return td_cli_error(cli, TD_EXIT_USAGE, "unknown verb '%s': did you mean '%s'?",
				    name, nearest);
	return td_cli_error(cli, TD_EXIT_USAGE, "unknown verb '%s'; see taskctl --help", name);
}

int td_cli_main(struct td_cli *cli, int argc, char **argv)
{
	struct td_failure failure = {0};
	const struct td_verb *verb;
	const char *nearest;
	struct td_args args;
	int code;

	if (argc > 0) {
		argc--;
		argv++;
	}
	if (td_args_parse(&args, argc, argv, td_verb_globals, NULL, true, &failure) < 0)
		return td_cli_error(cli, TD_EXIT_USAGE, "%s", failure.text);
	code = take_globals(cli, &args);
	if (code == TD_EXIT_DONE && !informed(cli, &args, NULL, &code)) {
		if (args.n_rest == 0)
			code = td_cli_error(cli, TD_EXIT_USAGE,
					    "no verb given; see taskctl --help");
		else if ((verb = td_verb_find(args.rest[0], &nearest)) == NULL)
			code = no_verb(cli, args.rest[0]);
		else
			code = run_verb(cli, verb, (int)args.n_rest - 1, args.rest + 1);
	}
	td_args_fini(&args);
	return code;
}
