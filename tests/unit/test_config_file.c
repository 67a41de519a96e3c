/* SPDX-License-Identifier: MIT */
/* The files of the configuration: drop-ins, what is no file to read, and those that are shipped. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/config.h"
#include "tdtest.h"

#define SECOND TASKD_SEC

static struct td_config *parse(const char *text)
{
	struct td_config_errors errors = {0};
	struct td_config *config = td_config_parse("f", text, strlen(text), &errors);

	ck_assert_msg(config != NULL, "%s", errors.n > 0 ? errors.texts[0] : "no memory");
	return config;
}

/* ---- files -------------------------------------------------------------------------------- */

static char directory[256];

static const char *place(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void make_directory(void)
{
	const char *base = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/taskd-test-XXXXXX", base ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
	static const char *const names[] = {
		"conf.d/10-a.conf", "conf.d/20-b.conf", "conf.d/.c.conf",
		"conf.d/d.conf~",   "conf.d/.conf",     "conf.d/e",
		"conf.d",           "link.conf",        "fifo",
		"taskd.conf"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(place(names[i])); /* most are not there */
	ck_assert_int_eq(rmdir(directory), 0);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* The errors of loading a file, with the name of the directory taken away. */
static const char *load_errors_of(const char *name)
{
	static struct td_strbuf result;
	struct td_config_errors errors = {0};
	struct td_config *config = td_config_load(place(name), &errors);

	td_strbuf_reset(&result);
	ck_assert_int_eq(config == NULL, errors.n > 0);
	for (size_t i = 0; i < errors.n; i++) {
		const char *text = errors.texts[i];

		ck_assert(strncmp(text, directory, strlen(directory)) == 0);
		td_strbuf_addf(&result, "%s%s", i > 0 ? "\n" : "", text + strlen(directory) + 1);
	}
	td_config_errors_fini(&errors);
	td_config_free(config);
	return td_strbuf_text(&result);
}

START_TEST(drop_ins_are_read_in_order_and_the_last_word_counts)
{
	struct td_config_errors errors = {0};
	struct td_config *config;

	make_directory();
	write_file("taskd.conf",
		   "[daemon]\ngrace = 1s\nevents = 1M\n[task a/t]\nplugin = x\nk = 1\n", 0644);
	ck_assert_int_eq(mkdir(place("conf.d"), 0755), 0);
	write_file("conf.d/20-b.conf", "[daemon]\ngrace = 3s\n[task a/t]\nk = 3\nl = 4\n", 0644);
	write_file("conf.d/10-a.conf", "[daemon]\ngrace = 2s\nhog-limit = 2ms\n", 0644);
	write_file("conf.d/.c.conf", "nonsense", 0644);
	write_file("conf.d/d.conf~", "nonsense", 0644);
	write_file("conf.d/.conf", "nonsense", 0644);
	write_file("conf.d/e", "nonsense", 0644);
	config = td_config_load(place("taskd.conf"), &errors);
	ck_assert_msg(config != NULL, "%s", errors.n ? errors.texts[0] : "");
	ck_assert_int_eq(config->daemon.grace_ns, 3 * SECOND);
	ck_assert_int_eq(config->daemon.events_bytes, 1024 * 1024);
	ck_assert_int_eq(config->daemon.hog_limit_ns, 2 * TASKD_MSEC);
	ck_assert_uint_eq(config->n_files, 3);
	ck_assert_str_eq(config->files[1], place("conf.d/10-a.conf"));
	ck_assert_str_eq(config->daemon.sources[TD_CONFIG_DAEMON_GRACE].file,
			 place("conf.d/20-b.conf"));
	ck_assert_uint_eq(config->tasks[0]->n_params, 2);
	ck_assert_str_eq(config->tasks[0]->params[0].source.text, "3");
	td_config_free(config);
	remove_directory();
}
END_TEST

START_TEST(a_file_that_everybody_may_write_is_refused)
{
	make_directory();
	write_file("taskd.conf", "", 0644);
	ck_assert_int_eq(mkdir(place("conf.d"), 0755), 0);
	write_file("conf.d/10-a.conf", "[daemon]\n", 0666);
	ck_assert_str_eq(load_errors_of("taskd.conf"),
			 "conf.d/10-a.conf: everybody may write to the file (mode 0666): take that "
			 "away with chmod o-w");
	ck_assert_int_eq(chmod(place("conf.d/10-a.conf"), 0644), 0);
	ck_assert_int_eq(chmod(place("conf.d"), 01777), 0);
	ck_assert_str_eq(load_errors_of("taskd.conf"),
			 "conf.d: everybody may write to the directory (mode 1777): take that away "
			 "with chmod o-w");
	ck_assert_int_eq(chmod(place("conf.d"), 0755), 0);
	ck_assert_int_eq(chmod(place("taskd.conf"), 0602), 0);
	ck_assert_str_eq(load_errors_of("taskd.conf"),
			 "taskd.conf: everybody may write to the file (mode 0602): take that away "
			 "with chmod o-w");
	remove_directory();
}
END_TEST

START_TEST(what_is_no_readable_file_is_refused)
{
	make_directory();
	ck_assert_str_eq(load_errors_of("none.conf"),
			 "none.conf: cannot be opened: No such file or directory");
	ck_assert_int_eq(mkfifo(place("fifo"), 0600), 0);
	ck_assert_str_eq(load_errors_of("fifo"), "fifo: this is not a regular file");
	write_file("conf.d", "", 0644);
	write_file("taskd.conf", "", 0644);
	ck_assert_str_eq(load_errors_of("taskd.conf"), "conf.d: cannot be opened: Not a directory");
	ck_assert_int_eq(remove(place("conf.d")), 0);
	ck_assert_int_eq(mkdir(place("conf.d"), 0755), 0);
	ck_assert_str_eq(load_errors_of("conf.d"), "conf.d: this is a directory");
	ck_assert_int_eq(mkdir(place("conf.d/10-a.conf"), 0755), 0);
	ck_assert_str_eq(load_errors_of("taskd.conf"), "conf.d/10-a.conf: this is a directory");
	ck_assert_int_eq(symlink("nowhere", place("conf.d/20-b.conf")), 0);
	ck_assert_str_eq(load_errors_of("taskd.conf"),
			 "conf.d/10-a.conf: this is a directory\n"
			 "conf.d/20-b.conf: cannot be opened: No such file or directory");
	remove_directory();
}
END_TEST

START_TEST(a_file_without_permission_is_refused)
{
	make_directory();
	write_file("taskd.conf", "", 0000);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_str_eq(load_errors_of("taskd.conf"),
			 getuid() == 0 ? "taskd.conf: cannot be opened: Permission denied\n"
					 "conf.d: cannot be opened: Permission denied"
				       : "taskd.conf: cannot be opened: Permission denied");
	ck_assert_int_eq(seteuid(getuid()), 0);
	remove_directory();
}
END_TEST

START_TEST(a_symbolic_link_to_a_file_is_followed)
{
	make_directory();
	write_file("taskd.conf", "[group a]\n", 0644);
	ck_assert_int_eq(symlink("taskd.conf", place("link.conf")), 0);
	ck_assert_str_eq(load_errors_of("link.conf"), "");
	ck_assert_int_eq(chmod(place("taskd.conf"), 0606), 0);
	ck_assert_str_eq(load_errors_of("link.conf"),
			 "link.conf: everybody may write to the file (mode 0606): take that away "
			 "with chmod o-w");
	remove_directory();
}
END_TEST

/* ---- what is shipped ---------------------------------------------------------------------- */

/* A file of the source tree; the text is borrowed until the next call. */
static const char *source_file(const char *name)
{
	static char text[TD_CONFIG_LINE_MAX * 2];
	const char *source = getenv("srcdir");
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", source ? source : ".", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s cannot be opened; set srcdir", path);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert(n > 0 && n < (ssize_t)sizeof(text) - 1);
	text[n] = '\0';
	ck_assert_int_eq(close(fd), 0);
	return text;
}

/* Whether the section of the manual has the key with its default. */
static void look_up(const char *section, const char *key, const char *fallback)
{
	const char *at = strstr(source_file("man/taskd.conf.5"), section), *end;
	char item[128], text[128];
	size_t length;

	ck_assert_msg(at != NULL, "the manual has no '%s'", section);
	end = strstr(at + 1, "\n.Ss");
	length = (size_t)snprintf(item, sizeof(item), "\n.It Cm %s\n", key) - 1;
	at = strstr(at, item);
	ck_assert_msg(at != NULL && (end == NULL || at < end), "the manual has no '%s' in '%s'",
		      key, section);
	if (fallback == NULL)
		return;
	end = strstr(at + length, "\n.It");
	snprintf(text, sizeof(text), "default %s.", fallback);
	at = strstr(at, text);
	ck_assert_msg(at != NULL && (end == NULL || at < end),
		      "the manual does not say '%s' of '%s'", text, key);
}

START_TEST(every_key_is_in_the_manual_with_its_default)
{
#define DAEMON(id, field, key, type, unit, fallback, ...) \
	look_up("\n.Ss Section [daemon]\n", key, fallback);
#define GROUP(id, field, key, type, unit, fallback, ...) \
	look_up("\n.Ss Sections [group PATH]\n", key, fallback);
#define TASK(id, field, key, type, unit, fallback, ...) \
	look_up("\n.Ss Sections [task PATH]\n", key, fallback);
	TD_CONFIG_DAEMON_KEYS(DAEMON)
	TD_CONFIG_GROUP_KEYS(GROUP)
	TD_CONFIG_TASK_KEYS(TASK)
#undef DAEMON
#undef GROUP
#undef TASK
}
END_TEST

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

START_TEST(the_shipped_file_is_the_defaults_and_lists_every_key_of_the_daemon)
{
	const char *text = source_file("etc/taskd.conf");
	struct td_config *config = parse(text), *same = td_config_default();
	struct td_strbuf open = TD_STRBUF_INIT;
	char *first = printed(config, false), *second = printed(same, false);
	static const char *const keys[] = {
#define NAME(id, field, key, ...) key,
		TD_CONFIG_DAEMON_KEYS(NAME)
#undef NAME
	};

	ck_assert_str_eq(first, second);
	td_mem_free(first);
	td_mem_free(second);
	td_config_free(same);
	td_config_free(config);
	/* Without the '#' of its examples it is right as well. */
	for (const char *c = text; *c; c++)
		if (!(*c == '#' && (c == text || c[-1] == '\n') && c[1] != ' ' && c[1] != '\n' &&
		      c[1] != '\t'))
			td_strbuf_addc(&open, *c);
	config = parse(td_strbuf_text(&open));
	ck_assert_uint_eq(config->n_tasks, 1);
	for (size_t i = 0; i < TD_CONFIG_DAEMON_N; i++)
		ck_assert_msg(config->daemon.sources[i].text != NULL, "%s is missing", keys[i]);
	td_config_free(config);
	td_strbuf_fini(&open);
}
END_TEST

START_TEST(the_demonstration_keeps_its_promises)
{
	const struct td_config_check_options options = {.stop_limit_ns = 90 * SECOND};
	struct td_config_errors errors = {0};
	struct td_config *config = parse(source_file("etc/demo.conf"));

	ck_assert_int_eq(td_config_check(config, &options, &errors), 0);
	ck_assert_uint_ge(config->n_tasks, 10);
	ck_assert_uint_eq(config->n_groups, 4);
	td_config_free(config);
}
END_TEST

TD_TEST_MAIN("config_file", drop_ins_are_read_in_order_and_the_last_word_counts,
	     a_file_that_everybody_may_write_is_refused, what_is_no_readable_file_is_refused,
	     a_file_without_permission_is_refused, a_symbolic_link_to_a_file_is_followed,
	     every_key_is_in_the_manual_with_its_default,
	     the_shipped_file_is_the_defaults_and_lists_every_key_of_the_daemon,
	     the_demonstration_keeps_its_promises)
