/* SPDX-License-Identifier: MIT */
/*
 * A daemon that gives canned answers on a socket of its own, for the tests of taskctl. It runs on
 * a thread; one script of answers for each test.
 */
#ifndef TD_TESTS_UNIT_FAKE_DAEMON_H
#define TD_TESTS_UNIT_FAKE_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

struct fake_daemon;

/* What is answered to a method. */
struct fake_answer {
	const char *method;  /* full name; NULL ends a script */
	const char *call;    /* what must stand in the call; NULL: anything */
	const char *replies; /* whole messages, one a line; "" gives none at all */
	bool hang_up;        /* closes the connection after them */
	/* Nothing is sent before a method of this name was called; NULL: at once. */
	const char *after;
};

/* Owns: the script is borrowed until fake_daemon_stop(). */
struct fake_daemon *fake_daemon_start(const struct fake_answer *script);
/* The path of its socket. */
const char *fake_daemon_socket(const struct fake_daemon *fake);
/* Waits until some call of a method has come. */
void fake_daemon_await(struct fake_daemon *fake, const char *method);
/* All calls that have come so far, one a line. Borrowed. */
const char *fake_daemon_calls(struct fake_daemon *fake);
void fake_daemon_stop(struct fake_daemon *fake);

#endif
