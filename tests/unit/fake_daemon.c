/* SPDX-License-Identifier: MIT */
/* Canned answers over a real socket: one thread that polls, and a script. */
#include "fake_daemon.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define CLIENTS_MAX 8
#define CALL_MAX 4096 /* bytes of one call */

struct client {
	int fd;              /* -1: none */
	char call[CALL_MAX]; /* what has come of the next call */
	size_t length;
	const char *held; /* replies that wait for another method to be called */
	const char *held_for;
};

struct fake_daemon {
	const struct fake_answer *script;
	char folder[64];
	char path[96];
	int listener, wake[2];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t called;
	struct td_strbuf calls; /* under the lock */
	struct client clients[CLIENTS_MAX];
};

static void send_replies(struct client *client, const char *replies)
{
	while (*replies != '\0') {
		size_t length = strcspn(replies, "\n");
		char zero = '\0';

		/* A client that left does not matter to the script. */
		(void)send(client->fd, replies, length, MSG_NOSIGNAL);
		(void)send(client->fd, &zero, 1, MSG_NOSIGNAL);
		replies += length + (replies[length] == '\n');
	}
}

static void hang_up(struct client *client)
{
	close(client->fd);
	*client = (struct client){.fd = -1};
}

static const struct fake_answer *find_answer(const struct fake_daemon *fake, const char *call)
{
	for (const struct fake_answer *a = fake->script; a->method != NULL; a++) {
		char *method = td_mem_printf("\"method\":\"%s\"", a->method);
		bool fits = strstr(call, method) != NULL &&
			    (a->call == NULL || strstr(call, a->call) != NULL);

		td_mem_free(method);
		if (fits)
			return a;
	}
	return NULL;
}

static bool was_called(struct fake_daemon *fake, const char *method)
{
	return strstr(td_strbuf_text(&fake->calls), method) != NULL;
}

static void release_held(struct fake_daemon *fake)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &fake->clients[i];

		if (client->held == NULL || !was_called(fake, client->held_for))
			continue;
		send_replies(client, client->held);
		client->held = NULL;
	}
}

static void answer(struct fake_daemon *fake, struct client *client)
{
	const struct fake_answer *a = find_answer(fake, client->call);

	pthread_mutex_lock(&fake->lock);
	td_strbuf_adds(&fake->calls, client->call);
	td_strbuf_addc(&fake->calls, '\n');
	pthread_cond_broadcast(&fake->called);
	pthread_mutex_unlock(&fake->lock);
	if (a == NULL) {
		send_replies(client, "{\"error\":\"org.varlink.service.MethodNotFound\","
				     "\"parameters\":{\"method\":\"not in the script\"}}");
	} else if (a->after != NULL) {
		/* The first line at once, as the first reply of a stream is. */
		char *first = td_mem_strndup(a->replies, strcspn(a->replies, "\n"));

		send_replies(client, first);
		client->held = a->replies + strlen(first) + 1;
		client->held_for = a->after;
		td_mem_free(first);
	} else {
		send_replies(client, a->replies);
		if (a->hang_up)
			hang_up(client);
	}
	release_held(fake);
}

static void take_bytes(struct fake_daemon *fake, struct client *client)
{
	char byte;

	while (client->fd >= 0) {
		ssize_t n = recv(client->fd, &byte, 1, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || client->length == CALL_MAX) {
			hang_up(client);
			return;
		}
		client->call[client->length++] = byte;
		if (byte == '\0') {
			answer(fake, client);
			client->length = 0;
		}
	}
}

static void take_client(struct fake_daemon *fake)
{
	int fd = accept(fake->listener, NULL, NULL);

	for (size_t i = 0; i < CLIENTS_MAX && fd >= 0; i++)
		if (fake->clients[i].fd < 0) {
			fake->clients[i].fd = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

static void *serve(void *data)
{
	struct fake_daemon *fake = data;

	for (;;) {
		struct pollfd fds[CLIENTS_MAX + 2] = {
			{.fd = fake->wake[0], .events = POLLIN},
			{.fd = fake->listener, .events = POLLIN},
		};

		for (size_t i = 0; i < CLIENTS_MAX; i++)
			fds[i + 2] = (struct pollfd){.fd = fake->clients[i].fd, .events = POLLIN};
		if (poll(fds, CLIENTS_MAX + 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[0].revents != 0)
			return NULL;
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (fds[i + 2].revents != 0)
				take_bytes(fake, &fake->clients[i]);
		if (fds[1].revents != 0)
			take_client(fake);
	}
}

struct fake_daemon *fake_daemon_start(const struct fake_answer *script)
{
	struct fake_daemon *fake = td_mem_new(sizeof(*fake));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *tmp = getenv("TMPDIR");

	ck_assert_ptr_nonnull(fake);
	fake->script = script;
	snprintf(fake->folder, sizeof(fake->folder), "%.40s/taskctl-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(fake->folder));
	snprintf(fake->path, sizeof(fake->path), "%s/socket", fake->folder);
	memcpy(address.sun_path, fake->path, strlen(fake->path) + 1);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		fake->clients[i].fd = -1;
	ck_assert_int_eq(pipe(fake->wake), 0);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fake->listener, CLIENTS_MAX), 0);
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->called, NULL);
	ck_assert_int_eq(pthread_create(&fake->thread, NULL, serve, fake), 0);
	return fake;
}

const char *fake_daemon_socket(const struct fake_daemon *fake)
{
	return fake->path;
}

void fake_daemon_await(struct fake_daemon *fake, const char *method)
{
	pthread_mutex_lock(&fake->lock);
	while (!was_called(fake, method))
		pthread_cond_wait(&fake->called, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
}

const char *fake_daemon_calls(struct fake_daemon *fake)
{
	return td_strbuf_text(&fake->calls);
}

void fake_daemon_stop(struct fake_daemon *fake)
{
	ck_assert_int_eq(write(fake->wake[1], "", 1), 1);
	pthread_join(fake->thread, NULL);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (fake->clients[i].fd >= 0)
			close(fake->clients[i].fd);
	close(fake->listener);
	close(fake->wake[0]);
	close(fake->wake[1]);
	unlink(fake->path);
	rmdir(fake->folder);
	pthread_cond_destroy(&fake->called);
	pthread_mutex_destroy(&fake->lock);
	td_strbuf_fini(&fake->calls);
	td_mem_free(fake);
}
