/* SPDX-License-Identifier: MIT */
/*
 * The service manager and the journal. sd.c is the only file that knows libsystemd.
 *
 * Telling systemd and writing to the journal can block for as long as the other side likes, so
 * writer threads do it, one for each, and no caller ever waits: what is to be said is kept until
 * the writer gets to it. Of the notifications none is dropped; a newer one of a kind takes the
 * place of an older one that was not sent yet. Records of the journal wait in a bounded queue;
 * those that find it full are counted, and a record says how many they were.
 *
 * All functions but td_sd_new(), td_sd_free() and td_sd_listen(): Blocks: no. Thread: any. Where no
 * service manager listens they do nothing.
 */
#ifndef TD_DAEMON_SD_H
#define TD_DAEMON_SD_H

#include <stdbool.h>
#include <stdint.h>

#include <taskd/types.h>

#include "daemon/sd_record.h"

struct td_failure;
struct td_sd;

#define TD_SD_STATUS_MAX 400 /* bytes of a status text; longer ones are cut */

/* How messages leave. For tests; `data` must live until the process ends. Both may block. */
struct td_sd_transport {
	int (*notify)(void *data, const char *state); /* 0 or -errno */
	int (*journal)(void *data, const struct iovec *fields, int n);
	void *data;
};

/*
 * Starts the writers. `transport` NULL: the real ones, and notifications only when NOTIFY_SOCKET
 * is set. Returns: 0; -TASKD_ENOMEM; -errno of the threads.
 */
int td_sd_new(const struct td_sd_transport *transport, struct td_sd **ret_sd);

/*
 * Sends what is left, for two seconds at most, and ends the writers. One that hangs in the system
 * is left behind with its memory. Returns: NULL. Blocks: up to two seconds.
 */
struct td_sd *td_sd_free(struct td_sd *sd);

/* Up and running, or done with a reload (also one that failed). `status` may be NULL, here and
 * below; line breaks in it become spaces. */
void td_sd_ready(struct td_sd *sd, const char *status);
/* One line about what goes on; at most one a second is sent, the last one wins. */
void td_sd_status(struct td_sd *sd, const char *status);
/* A reload begins; td_sd_ready() must follow. */
void td_sd_reloading(struct td_sd *sd);
/* The end begins, and may last `extend_usec` from now (0: as long as systemd allows anyway). */
void td_sd_stopping(struct td_sd *sd, const char *status, uint64_t extend_usec);
/* There is progress, but it takes up to `usec` more from now. */
void td_sd_extend(struct td_sd *sd, uint64_t usec);
/* Still alive; to be said at least twice per td_sd_watchdog_interval(). */
void td_sd_watchdog(struct td_sd *sd);
/* In nanoseconds; 0: nobody watches. */
taskd_nsec td_sd_watchdog_interval(const struct td_sd *sd);
/* Asks systemd to end this process with a core dump, and to say why. */
void td_sd_trigger_watchdog(struct td_sd *sd, const char *why);
/* Why the start failed: an errno (positive) and a text. */
void td_sd_errno(struct td_sd *sd, int error, const char *text);

/* Queues a record for the journal. */
void td_sd_journal(struct td_sd *sd, const struct td_sd_record *record);
/* How many records were lost so far, to a full queue or to errors. */
uint64_t td_sd_lost(struct td_sd *sd);
/* Whether stderr of this process is the journal: records then go there as such, not as text. */
bool td_sd_under_journal(void);

/*
 * The listening socket that systemd passed, by its name (FileDescriptorName=); one without a name
 * of its own is taken as well. Descriptors that were passed are not seen by child processes.
 * Returns: 0, and *ret_fd is the descriptor, non-blocking, or -1 when none was passed.
 * Errors: -TASKD_EINVAL more than one was passed, it has another name, or it is not a listening
 * Unix stream socket; -errno. Blocks: no. Thread: main, once, before others start.
 */
int td_sd_listen(const char *name, int *ret_fd, struct td_failure *failure);

#endif
