/* SPDX-License-Identifier: MIT */
/* Notifications arrive in order and none that matters is lost; callers never wait. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <taskd/error.h>

#include "base/failure.h"
#include "base/mem.h"
#include "daemon/sd.h"
#include "tdtest.h"

#define PATIENCE_MS 20000 /* for what must happen; far more than it needs */

/* ---- a service manager: the socket of NOTIFY_SOCKET ------------------------------------------ */

struct manager {
	int fd;
	char folder[64];
	struct sockaddr_un address;
};

static void manager_start(struct manager *manager, bool abstract)
{
	struct sockaddr_un *address = &manager->address;
	char text[sizeof(address->sun_path) + 1];
	socklen_t length;

	(void)snprintf(manager->folder, sizeof(manager->folder), "/tmp/taskd-sd-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(manager->folder));
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	/* The name of the folder makes the abstract name unique too. */
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "%s%.60s/notify",
		       abstract ? "@" : "", manager->folder);
	memcpy(text, address->sun_path, sizeof(address->sun_path));
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", text, 1), 0);
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + !abstract);
	if (abstract)
		address->sun_path[0] = '\0';
	manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(manager->fd, 0);
	ck_assert_int_eq(bind(manager->fd, (struct sockaddr *)address, length), 0);
}

static void manager_stop(struct manager *manager)
{
	close(manager->fd);
	if (manager->address.sun_path[0] != '\0')
		(void)unlink(manager->address.sun_path);
	ck_assert_int_eq(rmdir(manager->folder), 0);
	unsetenv("NOTIFY_SOCKET");
}

/* The next datagram; NULL when none comes within the time. */
static const char *manager_next(struct manager *manager, int timeout_ms)
{
	static char text[2048];
	struct pollfd wait = {.fd = manager->fd, .events = POLLIN};
	ssize_t n;

	if (poll(&wait, 1, timeout_ms) != 1)
		return NULL;
	n = recv(manager->fd, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static struct td_sd *sd_new(void)
{
	struct td_sd *sd = NULL;

	ck_assert_int_eq(td_sd_new(NULL, &sd), 0);
	ck_assert_ptr_nonnull(sd);
	return sd;
}

/* Expects exactly this datagram next. */
#define EXPECT(manager, text)                                               \
	do {                                                                \
		const char *got_ = manager_next((manager), PATIENCE_MS);    \
		ck_assert_msg(got_ != NULL, "no datagram, not %s", (text)); \
		ck_assert_str_eq(got_, (text));                             \
	} while (0)

static void live(bool abstract)
{
	struct manager manager;
	struct td_sd *sd;
	const char *got;

	manager_start(&manager, abstract);
	sd = sd_new();
	td_sd_ready(sd, "3 running");
	EXPECT(&manager, "READY=1\nSTATUS=3 running");
	td_sd_watchdog(sd);
	EXPECT(&manager, "WATCHDOG=1");
	td_sd_reloading(sd);
	got = manager_next(&manager, PATIENCE_MS);
	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	ck_assert_int_gt(strtoll(got + 27, NULL, 10), 0);
	td_sd_ready(sd, NULL);
	EXPECT(&manager, "READY=1");
	td_sd_stopping(sd, "stopping", 10000000);
	EXPECT(&manager, "STOPPING=1\nEXTEND_TIMEOUT_USEC=10000000\nSTATUS=stopping");
	td_sd_extend(sd, 5000000);
	EXPECT(&manager, "EXTEND_TIMEOUT_USEC=5000000");
	td_sd_errno(sd, ENOENT, "no such file");
	EXPECT(&manager, "ERRNO=2\nSTATUS=no such file");
	td_sd_trigger_watchdog(sd, "the lock is held for 30s");
	EXPECT(&manager, "WATCHDOG=trigger\nSTATUS=the lock is held for 30s");
	ck_assert_ptr_null(td_sd_free(sd));
	ck_assert_ptr_null(manager_next(&manager, 0));
	manager_stop(&manager);
}

START_TEST(says_what_happens_over_a_socket_with_a_path)
{
	live(false);
}
END_TEST

START_TEST(says_what_happens_over_an_abstract_socket)
{
	live(true);
}
END_TEST

START_TEST(does_nothing_where_nobody_listens)
{
	struct td_sd *sd;

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	sd = sd_new();
	td_sd_ready(sd, "ready");
	td_sd_watchdog(sd);
	ck_assert_int_eq(td_sd_watchdog_interval(sd), 0);
	td_sd_free(sd);
	ck_assert_ptr_null(td_sd_free(NULL));
}
END_TEST

START_TEST(goes_on_when_the_socket_is_gone)
{
	struct manager manager;
	struct td_sd *sd;

	manager_start(&manager, false);
	sd = sd_new();
	ck_assert_int_eq(unlink(manager.address.sun_path), 0);
	td_sd_ready(sd, "nobody hears this");
	td_sd_stopping(sd, NULL, 0);
	td_sd_free(sd); /* returns: what cannot be sent holds nothing up */
	manager_stop(&manager);
}
END_TEST

START_TEST(only_the_last_status_of_a_second_is_sent)
{
	struct manager manager;
	struct td_sd *sd;
	char text[40];
	int n = 0;
	const char *got;

	manager_start(&manager, false);
	sd = sd_new();
	td_sd_ready(sd, "0");
	EXPECT(&manager, "READY=1\nSTATUS=0");
	for (int i = 1; i <= 1000; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		td_sd_status(sd, text);
	}
	td_sd_free(sd); /* sends what is left at once */
	while ((got = manager_next(&manager, 0)) != NULL) {
		(void)snprintf(text, sizeof(text), "%s", got);
		n++;
	}
	ck_assert_str_eq(text, "STATUS=1000");
	ck_assert_int_le(n, 5); /* one, unless the loop took seconds */
	manager_stop(&manager);
}
END_TEST

START_TEST(a_status_that_had_to_wait_is_sent_later)
{
	struct manager manager;
	struct td_sd *sd;

	manager_start(&manager, false);
	sd = sd_new();
	td_sd_status(sd, "first");
	EXPECT(&manager, "STATUS=first");
	td_sd_status(sd, "second");
	td_sd_watchdog(sd);
	EXPECT(&manager, "WATCHDOG=1"); /* does not wait behind it */
	EXPECT(&manager, "STATUS=second");
	td_sd_free(sd);
	manager_stop(&manager);
}
END_TEST

START_TEST(a_status_cannot_smuggle_in_an_assignment)
{
	struct manager manager;
	struct td_sd *sd;
	char long_text[2000];

	manager_start(&manager, false);
	sd = sd_new();
	td_sd_ready(sd, "line\nSTOPPING=1\tx");
	EXPECT(&manager, "READY=1\nSTATUS=line STOPPING=1 x");
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	memcpy(long_text + TD_SD_STATUS_MAX - 1, "\xc3\xa9", 2); /* é, cut in the middle */
	td_sd_stopping(sd, long_text, 1);
	ck_assert_uint_eq(strlen(manager_next(&manager, PATIENCE_MS)),
			  strlen("STOPPING=1\nEXTEND_TIMEOUT_USEC=1\nSTATUS=") + TD_SD_STATUS_MAX -
				  1);
	td_sd_free(sd);
	manager_stop(&manager);
}
END_TEST

/* ---- a side that does not read --------------------------------------------------------------- */

/* Each message stops the writer until the gate is opened; then all pass, and are written down. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	int n_inside; /* messages that reached the gate */
	int result;
	char seen[1 << 16];
	size_t length;
	int n_seen;
};

/* For the whole process: a writer that is left behind still uses it. */
static struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int pass(const void *text, size_t length)
{
	int r;

	pthread_mutex_lock(&gate.lock);
	gate.n_inside++;
	pthread_cond_broadcast(&gate.changed);
	while (!gate.open)
		pthread_cond_wait(&gate.changed, &gate.lock);
	if (gate.length + length + 2 < sizeof(gate.seen)) {
		memcpy(gate.seen + gate.length, text, length);
		gate.length += length;
		gate.seen[gate.length++] = '|';
		gate.seen[gate.length] = '\0';
	}
	gate.n_seen++;
	r = gate.result;
	pthread_mutex_unlock(&gate.lock);
	return r;
}

static int pass_notify(void *data, const char *state)
{
	(void)data;
	return pass(state, strlen(state));
}

static int pass_journal(void *data, const struct iovec *fields, int n)
{
	(void)data;
	ck_assert_int_gt(n, 0);
	return pass(fields[0].iov_base, fields[0].iov_len);
}

static const struct td_sd_transport gated = {.notify = pass_notify, .journal = pass_journal};

static void gate_wait_inside(int n)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.n_inside < n)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static void gate_open(int result)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	gate.result = result;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

static struct td_sd *sd_new_gated(void)
{
	struct td_sd *sd = NULL;

	gate.open = false;
	gate.result = 0;
	gate.n_inside = gate.n_seen = 0;
	gate.length = 0;
	gate.seen[0] = '\0';
	ck_assert_int_eq(td_sd_new(&gated, &sd), 0);
	return sd;
}

START_TEST(a_slow_reader_gets_all_that_matters_in_order)
{
	struct td_sd *sd = sd_new_gated();

	td_sd_status(sd, "held at the gate");
	gate_wait_inside(1);
	td_sd_ready(sd, "up");
	for (int i = 0; i < 10000; i++) {
		td_sd_watchdog(sd);
		td_sd_status(sd, "busy");
		td_sd_extend(sd, (uint64_t)i);
	}
	td_sd_stopping(sd, "bye", 0);
	gate_open(0);
	td_sd_free(sd);
	ck_assert_str_eq(gate.seen, "STATUS=held at the gate|READY=1\nSTATUS=up|WATCHDOG=1|"
				    "EXTEND_TIMEOUT_USEC=9999|STOPPING=1\nSTATUS=bye|");
}
END_TEST

START_TEST(a_reload_without_end_keeps_its_last_word)
{
	struct td_sd *sd = sd_new_gated();
	const char *last;

	td_sd_ready(sd, NULL);
	gate_wait_inside(1);
	for (int i = 0; i < 100; i++) {
		td_sd_reloading(sd);
		td_sd_ready(sd, NULL);
	}
	gate_open(0);
	td_sd_free(sd);
	ck_assert_int_eq(gate.n_seen, 3);
	last = strstr(gate.seen, "RELOADING=1");
	ck_assert_ptr_nonnull(last);
	ck_assert_ptr_nonnull(strstr(last, "|READY=1|"));
}
END_TEST

START_TEST(the_end_does_not_wait_for_a_reader_that_hangs)
{
	struct td_sd *sd = sd_new_gated();
	struct timespec before, after;

	td_sd_ready(sd, NULL);
	gate_wait_inside(1);
	td_sd_stopping(sd, NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	td_sd_free(sd);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_le(after.tv_sec - before.tv_sec, 10); /* two seconds, on a slow machine */
	ck_assert_int_eq(gate.n_seen, 0);
	gate_open(0); /* the writer that was left behind ends by itself */
}
END_TEST

START_TEST(records_beyond_the_queue_are_counted_and_reported_in_their_place)
{
	struct td_sd *sd = sd_new_gated();
	struct td_sd_record record = {.priority = 6, .message = "x", .kind = "log"};
	const char *report;

	td_sd_journal(sd, &record);
	gate_wait_inside(1);
	for (int i = 0; i < 1024 + 10; i++)
		td_sd_journal(sd, &record);
	ck_assert_uint_eq(td_sd_lost(sd), 10);
	gate_open(0);
	td_sd_free(sd);
	report = strstr(gate.seen, "MESSAGE=lost 10 records");
	ck_assert_ptr_nonnull(report);
	ck_assert_int_eq(gate.n_seen, 1 + 1024 + 1);
}
END_TEST

START_TEST(records_that_the_journal_refuses_are_counted)
{
	struct td_sd *sd = sd_new_gated();
	struct td_sd_record record = {.priority = 6, .message = "x"};

	gate_open(-ENOBUFS);
	td_sd_journal(sd, &record);
	gate_wait_inside(2); /* the record, then the report */
	ck_assert_uint_eq(td_sd_lost(sd), 1);
	td_sd_free(sd);
}
END_TEST

START_TEST(no_memory_is_an_error_or_a_lost_record)
{
	struct td_sd *sd = NULL;
	struct td_sd_record record = {.priority = 6, .message = "x"};

	TD_TEST_TORTURE(td_sd_new(&gated, &sd));
	td_sd_free(sd);
	sd = sd_new_gated();
	gate_open(0);
	td_mem_fail_nth(1);
	td_sd_journal(sd, &record);
	td_mem_fail_nth(0);
	ck_assert_uint_eq(td_sd_lost(sd), 1);
	td_sd_free(sd);
}
END_TEST

/* ---- records --------------------------------------------------------------------------------- */

static void expect_fields(const struct td_sd_record *record, const char *const *expected)
{
	struct td_sd_fields fields;
	struct iovec vector[TD_SD_FIELDS_MAX];
	int n, i;

	ck_assert_int_eq(td_sd_record_render(record, &fields), 0);
	n = td_sd_fields_vector(&fields, vector);
	ck_assert_uint_eq((size_t)n, fields.n);
	for (i = 0; i < n && expected[i] != NULL; i++) {
		ck_assert_str_eq((char *)vector[i].iov_base, expected[i]);
		ck_assert_uint_eq(vector[i].iov_len, strlen(expected[i]));
	}
	ck_assert_int_eq(i, n);
	ck_assert_ptr_null(expected[i]);
	td_sd_fields_fini(&fields);
}

START_TEST(a_record_is_found_by_its_task_and_by_every_group_above_it)
{
	struct td_sd_record record = {
		.priority = 4,
		.message = "two\nlines",
		.kind = "ended",
		.node = "ingest.parse.xml/fetch",
		.task_id = 42,
		.run_id = "f00f",
		.outcome = "failed",
		.sequence = UINT64_MAX,
	};
	static const char *const expected[] = {
		"MESSAGE=two\nlines",
		"PRIORITY=4",
		"SYSLOG_IDENTIFIER=taskd",
		"MESSAGE_ID=1a8fec1342fd45a881ee7d01a9a14f40",
		"TASKD_KIND=ended",
		"TASKD_NODE=ingest.parse.xml/fetch",
		"TASKD_GROUP=ingest.parse.xml",
		"TASKD_GROUP=ingest.parse",
		"TASKD_GROUP=ingest",
		"TASKD_GROUP=/",
		"TASKD_TASK_ID=42",
		"TASKD_RUN_ID=f00f",
		"TASKD_OUTCOME=failed",
		"TASKD_SEQ=18446744073709551615",
		NULL,
	};

	expect_fields(&record, expected);
}
END_TEST

START_TEST(the_root_and_its_tasks_have_one_group)
{
	struct td_sd_record root = {.priority = 6, .message = "m", .node = "/"};
	struct td_sd_record task = {.priority = 6, .message = "m", .node = "/beat"};
	static const char *const expected[] = {
		"MESSAGE=m",    "PRIORITY=6",    "SYSLOG_IDENTIFIER=taskd",
		"TASKD_NODE=/", "TASKD_GROUP=/", NULL};
	static const char *const expected_task[] = {
		"MESSAGE=m",        "PRIORITY=6",    "SYSLOG_IDENTIFIER=taskd",
		"TASKD_NODE=/beat", "TASKD_GROUP=/", NULL};

	expect_fields(&root, expected);
	expect_fields(&task, expected_task);
}
END_TEST

START_TEST(making_a_record_survives_each_failed_allocation)
{
	struct td_sd_record record = {.priority = 6, .message = "m", .node = "a.b/c"};
	struct td_sd_fields fields;

	TD_TEST_TORTURE(td_sd_record_render(&record, &fields));
	td_sd_fields_fini(&fields);
}
END_TEST

/* ---- what the environment says --------------------------------------------------------------- */

START_TEST(the_watchdog_interval_is_systemds)
{
	struct td_sd *sd;
	char pid[20];

	unsetenv("NOTIFY_SOCKET");
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	sd = sd_new();
	ck_assert_int_eq(td_sd_watchdog_interval(sd), 30 * TASKD_SEC);
	td_sd_free(sd);
	setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
	sd = sd_new();
	ck_assert_int_eq(td_sd_watchdog_interval(sd), 0);
	td_sd_free(sd);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}
END_TEST

START_TEST(knows_whether_stderr_is_the_journal)
{
	char text[64];
	struct stat status;

	unsetenv("JOURNAL_STREAM");
	ck_assert(!td_sd_under_journal());
	ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
	(void)snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
		       (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	ck_assert(td_sd_under_journal());
	(void)snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
		       (unsigned long long)status.st_ino + 1);
	setenv("JOURNAL_STREAM", text, 1);
	ck_assert(!td_sd_under_journal());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	ck_assert(!td_sd_under_journal());
	unsetenv("JOURNAL_STREAM");
}
END_TEST

/* ---- socket activation ----------------------------------------------------------------------- */

enum passed { NOTHING, LISTENING, CONNECTED, DATAGRAM };

static int make_passed(enum passed what)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fds[2];

	switch (what) {
	case NOTHING:
		return -1;
	case CONNECTED:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 ? fds[0] : -1;
	case LISTENING:
		/* An empty address: the kernel picks an unused abstract name. */
		fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
		if (bind(fds[0], (struct sockaddr *)&address, sizeof(sa_family_t)) != 0 ||
		    listen(fds[0], 1) != 0)
			return -1;
		return fds[0];
	case DATAGRAM:
		return socket(AF_UNIX, SOCK_DGRAM, 0);
	}
	return -1;
}

/* In a process of its own, since descriptor 3 is of the test framework here. `n` is LISTEN_FDS. */
static void listen_child(enum passed what, int n, const char *names, const char *complaint)
{
	char text[20];
	struct td_failure failure = {0};
	int fd = make_passed(what), listening = -2, r;

	(void)snprintf(text, sizeof(text), "%ld", (long)getpid());
	setenv("LISTEN_PID", text, 1);
	(void)snprintf(text, sizeof(text), "%d", n);
	if (n > 0)
		setenv("LISTEN_FDS", text, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
	for (int i = 0; i < n; i++)
		if (dup2(fd, 3 + i) < 0)
			_exit(10);
	r = td_sd_listen("varlink", &listening, &failure);
	if (complaint != NULL)
		_exit(r < 0 && listening == -2 && strstr(failure.text, complaint) != NULL ? 0 : 11);
	if (r != 0)
		_exit(12);
	if (getenv("LISTEN_FDS") != NULL)
		_exit(13); /* children would take it for theirs */
	_exit(listening == (n > 0 ? 3 : -1) ? 0 : 14);
}

static void expect_listen(enum passed what, int n, const char *names, const char *complaint)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		listen_child(what, n, names, complaint);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x with %d of %s",
		      (unsigned)status, n, names != NULL ? names : "no name");
}

START_TEST(takes_the_listening_socket_and_explains_what_is_wrong_with_others)
{
	expect_listen(NOTHING, 0, NULL, NULL);
	expect_listen(LISTENING, 1, "varlink", NULL);
	expect_listen(LISTENING, 1, "taskd.socket", NULL);
	expect_listen(LISTENING, 1, NULL, NULL);
	expect_listen(LISTENING, 1, "metrics", "named \"metrics\"");
	expect_listen(LISTENING, 2, "varlink:varlink", "passed 2 descriptors");
	expect_listen(CONNECTED, 1, "varlink", "not a listening");
	expect_listen(DATAGRAM, 1, "varlink", "not a listening");
}
END_TEST

TD_TEST_MAIN("sd", says_what_happens_over_a_socket_with_a_path,
	     says_what_happens_over_an_abstract_socket, does_nothing_where_nobody_listens,
	     goes_on_when_the_socket_is_gone, only_the_last_status_of_a_second_is_sent,
	     a_status_that_had_to_wait_is_sent_later, a_status_cannot_smuggle_in_an_assignment,
	     a_slow_reader_gets_all_that_matters_in_order, a_reload_without_end_keeps_its_last_word,
	     the_end_does_not_wait_for_a_reader_that_hangs,
	     records_beyond_the_queue_are_counted_and_reported_in_their_place,
	     records_that_the_journal_refuses_are_counted, no_memory_is_an_error_or_a_lost_record,
	     a_record_is_found_by_its_task_and_by_every_group_above_it,
	     the_root_and_its_tasks_have_one_group, making_a_record_survives_each_failed_allocation,
	     the_watchdog_interval_is_systemds, knows_whether_stderr_is_the_journal,
	     takes_the_listening_socket_and_explains_what_is_wrong_with_others)
