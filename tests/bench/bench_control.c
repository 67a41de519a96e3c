/* SPDX-License-Identifier: MIT */
/*
 * What the daemon costs from outside: start to READY, round trip of a small call beside that of a
 * bare libevent echo on the same kind of socket, the list of many tasks, memory, and wake-ups when
 * idle. Starts a private daemon for each; prints one line of JSON per figure.
 *
 *	bench_control TASKD PLUGIN_DIR
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <taskd/types.h>

#include "wire/client.h"
#include "wire/json.h"

#define ROUNDS 20000
#define LISTED 10000
#define IDLE_SECONDS 3

extern char **environ;

static const char get_call[] =
	"{\"method\":\"io.taskd.Manager.Get\",\"parameters\":{\"path\":\"g/t\"}}";
static char folder[] = "/tmp/taskd-bench-XXXXXX";

static taskd_nsec now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * TASKD_SEC + ts.tv_nsec;
}

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench_control: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void figure(const char *name, double value, const char *unit)
{
	printf("{\"bench\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name, value, unit);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(int64_t *samples, size_t n, double p)
{
	qsort(samples, n, sizeof(*samples), compare);
	return (double)samples[(size_t)((double)(n - 1) * p)];
}

/* ---- a private daemon ------------------------------------------------------------------- */

struct daemon {
	pid_t pid;
	taskd_nsec ready; /* from the start until it answers */
	char socket[128];
	struct td_client *client;
};

static void ask(struct daemon *d, const char *method, const char *parameters,
		struct td_reply *reply)
{
	struct td_failure failure = {0};

	if (td_client_call(d->client, method, parameters, TD_CLIENT_PLAIN, 60 * TASKD_SEC, reply,
			   &failure) < 0) {
		fprintf(stderr, "bench_control: %s: %s\n", method, failure.text);
		exit(1);
	}
	if (reply->error) {
		fprintf(stderr, "bench_control: %s: %s\n", method, reply->error);
		exit(1);
	}
}

/* Waits for READY=1 as a service manager does. */
static void wait_ready(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char message[1024];

	for (;;) {
		ssize_t n;

		if (poll(&poll_fd, 1, 60000) <= 0)
			die("the daemon does not get ready");
		n = recv(fd, message, sizeof(message) - 1, 0);
		if (n <= 0)
			die("recv");
		message[n] = '\0';
		if (strstr(message, "READY=1"))
			return;
	}
}

static void start(struct daemon *d, const char *taskd, const char *plugins, const char *config)
{
	struct sockaddr_un notify = {.sun_family = AF_UNIX};
	char path[128], state[128], variable[160];
	const char *argv[] = {taskd,          "-c",    path,          "--socket", d->socket,
			      "--plugin-dir", plugins, "--state-dir", state,      NULL};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct td_failure failure = {0};
	FILE *file;
	taskd_nsec began;

	snprintf(path, sizeof(path), "%s/conf", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	snprintf(d->socket, sizeof(d->socket), "%s/control", folder);
	snprintf(notify.sun_path, sizeof(notify.sun_path), "%s/notify", folder);
	snprintf(variable, sizeof(variable), "%s/notify", folder);
	setenv("NOTIFY_SOCKET", variable, 1);
	unlink(notify.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&notify, sizeof(notify)) < 0)
		die("notify socket");
	file = fopen(path, "w");
	if (!file || fputs(config, file) < 0 || fclose(file) != 0)
		die(path);
	chmod(path, 0600);
	began = now();
	if (posix_spawn(&d->pid, taskd, NULL, NULL, (char **)(uintptr_t)argv, environ) != 0)
		die(taskd);
	wait_ready(fd);
	d->ready = now() - began;
	close(fd);
	unsetenv("NOTIFY_SOCKET");
	if (td_client_connect(d->socket, 10 * TASKD_SEC, &d->client, &failure) < 0) {
		fprintf(stderr, "bench_control: %s\n", failure.text);
		exit(1);
	}
}

static void stop(struct daemon *d)
{
	td_client_free(d->client);
	kill(d->pid, SIGTERM);
	waitpid(d->pid, NULL, 0);
}

static int64_t status_of(pid_t pid, const char *key)
{
	char path[64], line[256];
	int64_t value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoll(line + strlen(key) + 1, NULL, 10);
	fclose(file);
	return value;
}

/* Context switches of all threads: an idle daemon has none. */
static int64_t switches_of(pid_t pid)
{
	char command[128];
	int64_t sum = 0, n;
	FILE *pipe;

	snprintf(command, sizeof(command), "cat /proc/%d/task/*/status", (int)pid);
	pipe = popen(command, "r"); /* NOLINT: a benchmark, and the text is a number */
	if (!pipe)
		die("popen");
	for (char line[256]; fgets(line, sizeof(line), pipe);)
		if (sscanf(line, "voluntary_ctxt_switches: %" SCNd64, &n) == 1)
			sum += n;
	pclose(pipe);
	return sum;
}

/* ---- the echo beside it ----------------------------------------------------------------- */

static void on_echo(evutil_socket_t fd, short what, void *data)
{
	char bytes[4096];
	ssize_t n = recv((int)fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)what;
	if (n <= 0 || send((int)fd, bytes, (size_t)n, MSG_NOSIGNAL) != n)
		event_base_loopbreak(data);
}

static void bench_echo(void)
{
	static int64_t samples[ROUNDS];
	int pair[2];
	char bytes[4096];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair");
	pid = fork();
	if (pid == 0) {
		struct event_base *base = event_base_new();
		struct event *event = event_new(base, pair[1], EV_READ | EV_PERSIST, on_echo, base);

		close(pair[0]);
		event_add(event, NULL);
		event_base_dispatch(base);
		_exit(0);
	}
	close(pair[1]);
	for (int i = 0; i < ROUNDS; i++) {
		taskd_nsec began = now();

		if (send(pair[0], get_call, sizeof(get_call), 0) < 0 ||
		    recv(pair[0], bytes, sizeof(bytes), 0) <= 0)
			die("echo");
		samples[i] = now() - began;
	}
	close(pair[0]);
	waitpid(pid, NULL, 0);
	figure("echo_round_trip_p50", percentile(samples, ROUNDS, 0.5) / 1e3, "us");
	figure("echo_round_trip_p99", percentile(samples, ROUNDS, 0.99) / 1e3, "us");
}

/* ---- figures ---------------------------------------------------------------------------- */

/* On a bare socket, as the echo: what the server costs, not what a client makes of the answer. */
static void round_trips(const struct daemon *d, const char *name, const char *call)
{
	static int64_t samples[ROUNDS];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char bytes[16384], text[64];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", d->socket);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect");
	for (int i = 0; i < ROUNDS; i++) {
		taskd_nsec began = now();
		ssize_t n = 0, more;

		if (send(fd, call, strlen(call) + 1, MSG_NOSIGNAL) < 0)
			die("send");
		do {
			more = recv(fd, bytes + n, sizeof(bytes) - (size_t)n, 0);
			if (more <= 0)
				die("recv");
			n += more;
		} while (bytes[n - 1] != '\0');
		samples[i] = now() - began;
	}
	close(fd);
	snprintf(text, sizeof(text), "%s_p50", name);
	figure(text, percentile(samples, ROUNDS, 0.5) / 1e3, "us");
	snprintf(text, sizeof(text), "%s_p99", name);
	figure(text, percentile(samples, ROUNDS, 0.99) / 1e3, "us");
}

static void bench_small(const char *taskd, const char *plugins)
{
	struct daemon d = {0};
	int64_t switches;

	start(&d, taskd, plugins,
	      "[daemon]\nlog-level = error\n[task g/t]\nplugin = heartbeat\nevery = 1h\n");
	figure("start_small", (double)d.ready / 1e6, "ms");
	figure("idle_rss", (double)status_of(d.pid, "VmRSS:"), "kB");
	round_trips(&d, "ping", "{\"method\":\"io.taskd.Manager.Ping\"}");
	round_trips(&d, "get_task", get_call);
	switches = switches_of(d.pid);
	nanosleep(&(struct timespec){.tv_sec = IDLE_SECONDS}, NULL);
	figure("idle_wakeups", (double)(switches_of(d.pid) - switches) / IDLE_SECONDS, "per_s");
	stop(&d);
}

/* 100 groups and `n` tasks that wait for an hour. */
static char *large_config(int n)
{
	size_t size = (size_t)n * 80 + 100;
	char *text = malloc(size), *at = text;

	if (!text)
		die("malloc");
	at += snprintf(at, 64, "[daemon]\nlog-level = error\n");
	for (int i = 0; i < n; i++)
		at += snprintf(at, 80, "[task g%d/t%d]\nplugin = heartbeat\nevery = 1h\n", i % 100,
			       i);
	return text;
}

static void bench_large(const char *taskd, const char *plugins)
{
	struct daemon d = {0};
	struct td_reply reply;
	int64_t samples[20];
	char *config = large_config(1000);

	start(&d, taskd, plugins, config);
	figure("start_100_groups_1000_tasks", (double)d.ready / 1e6, "ms");
	stop(&d);
	free(config);
	config = large_config(LISTED);
	start(&d, taskd, plugins, config);
	free(config);
	for (size_t i = 0; i < 20; i++) {
		taskd_nsec began = now();

		ask(&d, "io.taskd.Manager.List", NULL, &reply);
		samples[i] = now() - began;
		if (td_json_size(td_json_get(reply.parameters, "tasks")) != LISTED)
			die("the list is not complete");
	}
	figure("list_10000_tasks", percentile(samples, 20, 0.5) / 1e6, "ms");
	figure("rss_10000_tasks", (double)status_of(d.pid, "VmRSS:"), "kB");
	stop(&d);
}

int main(int argc, char **argv)
{
	char command[128];

	if (argc != 3) {
		fprintf(stderr, "usage: bench_control TASKD PLUGIN_DIR\n");
		return 2;
	}
	if (!mkdtemp(folder))
		die("mkdtemp");
	bench_echo();
	bench_small(argv[1], argv[2]);
	bench_large(argv[1], argv[2]);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? 0 : 1; /* NOLINT: our own folder */
}
