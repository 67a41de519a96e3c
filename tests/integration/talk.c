/* SPDX-License-Identifier: MIT */
/*
 * A client with bad manners, for the tests of the control socket: it sends whatever is on its
 * standard input, and prints what comes back, one line for each message.
 *
 *	talk SOCKET say [-b] [-h] N   sends the input, then reads until N messages have come or the
 *	                              connection is closed. -b: one byte at a time; -h: shuts down
 *	                              its sending side first.
 *	talk SOCKET deaf N            sends the input N times, as far as it is taken, and never
 *reads talk SOCKET crowd N           opens N connections, and asks on each with the input
 *
 * The last two say what they have done, and keep their connections until they are killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 30000 /* far above what is needed: a failure ends */
#define INPUT_MAX ((size_t)32 << 20)
#define CROWD_MAX 1000

static char input[INPUT_MAX];
static size_t input_length;

static _Noreturn void die(const char *what)
{
	printf("(%s: %s)\n", what, strerror(errno));
	exit(1);
}

static void read_input(void)
{
	ssize_t n;

	while (input_length < INPUT_MAX &&
	       (n = read(STDIN_FILENO, input + input_length, INPUT_MAX - input_length)) > 0)
		input_length += (size_t)n;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die("the path is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die("connect");
	return fd;
}

/* Returns: whether the peer still takes bytes. */
static bool send_all(int fd, const char *bytes, size_t n, size_t step)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n < step ? n : step, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

static void wait_for_bytes(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	if (poll(&pollfd, 1, PATIENCE_MS) == 1)
		return;
	puts("(nothing came)");
	exit(1);
}

/* Prints messages until there were `most`, or until the end, which it prints too. */
static void print_replies(int fd, long most)
{
	char bytes[65536];
	long seen = 0;

	while (seen < most) {
		ssize_t n;

		wait_for_bytes(fd);
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0) {
			puts("(closed)");
			return;
		}
		for (ssize_t i = 0; i < n && seen < most; i++) {
			putchar(bytes[i] ? bytes[i] : '\n');
			seen += bytes[i] == '\0';
		}
	}
}

static int say(const char *path, int argc, char **argv)
{
	size_t step = INPUT_MAX;
	bool half = false;
	int fd = connect_to(path);

	for (; argc > 0 && argv[0][0] == '-'; argc--, argv++) {
		if (argv[0][1] == 'b')
			step = 1;
		else
			half = true;
	}
	(void)send_all(fd, input, input_length, step);
	if (half)
		(void)shutdown(fd, SHUT_WR);
	print_replies(fd, argc > 0 ? strtol(argv[0], NULL, 10) : 1);
	return 0;
}

/* Until we are killed, which every test does with what it started. */
static _Noreturn void hold(void)
{
	fflush(stdout);
	for (;;)
		(void)pause();
}

/* Sends as long as something is taken within a moment: then both sides have had enough. */
static _Noreturn void be_deaf(const char *path, long times)
{
	struct pollfd pollfd = {.fd = connect_to(path), .events = POLLOUT};
	size_t total = input_length * (size_t)times, sent = 0;

	(void)fcntl(pollfd.fd, F_SETFL, O_NONBLOCK);
	while (sent < total && poll(&pollfd, 1, 500) == 1) {
		size_t at = sent % input_length;
		ssize_t n = send(pollfd.fd, input + at, input_length - at, MSG_NOSIGNAL);

		if (n < 0)
			break;
		sent += (size_t)n;
	}
	printf("sent %zu of %zu\n", sent / input_length, (size_t)times);
	hold();
}

static _Noreturn void be_many(const char *path, long n)
{
	static int fds[CROWD_MAX];
	long served = 0, refused = 0, silent = 0;

	for (long i = 0; i < n && i < CROWD_MAX; i++)
		fds[i] = connect_to(path);
	for (long i = 0; i < n && i < CROWD_MAX; i++) {
		char reply[4096];
		ssize_t got;

		(void)send_all(fds[i], input, input_length, INPUT_MAX);
		wait_for_bytes(fds[i]);
		got = recv(fds[i], reply, sizeof(reply) - 1, 0);
		reply[got > 0 ? got : 0] = '\0';
		if (strstr(reply, "\"error\":\"io.taskd.Manager.Busy\""))
			refused++;
		else
			*(got > 0 ? &served : &silent) += 1;
	}
	printf("served %ld, refused %ld, silent %ld\n", served, refused, silent);
	hold();
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fputs("usage: talk SOCKET say|deaf|crowd [-b] [-h] N\n", stderr);
		return 2;
	}
	read_input();
	if (strcmp(argv[2], "say") == 0)
		return say(argv[1], argc - 3, argv + 3);
	if (strcmp(argv[2], "deaf") == 0)
		be_deaf(argv[1], strtol(argv[3], NULL, 10));
	be_many(argv[1], strtol(argv[3], NULL, 10));
}
