/* SPDX-License-Identifier: MIT */
/*
 * Notifications and journal records, and the threads that send them. Each kind of notification has
 * one slot with its place in the order, so that nothing can grow and nothing that matters is lost.
 * Never calls libsystemd from a caller's thread, but for what only reads the environment.
 */
#include "daemon/sd.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <systemd/sd-journal.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/failure.h"
#include "base/fd.h"
#include "base/mem.h"

#define TD_SD_MAGIC 0x5dae40c1u
#define STATUS_INTERVAL TASKD_SEC /* between two status lines */
#define FLUSH_LIMIT (2 * TASKD_SEC)
#define QUEUE_MAX 1024 /* records; a longer burst is counted as lost */
#define STATE_MAX (TD_SD_STATUS_MAX + 128)
#define WRITER_STACK_SIZE (256 * 1024)

enum message { ERROR, RELOADING, READY, STOPPING, EXTEND, WATCHDOG, TRIGGER, STATUS, N_MESSAGES };

struct slot {
	uint64_t order; /* 0: nothing to send; else the smallest goes first */
	char state[STATE_MAX];
};

struct writer {
	pthread_t thread;
	bool started, ended;
};

struct td_sd {
	uint32_t magic;
	struct td_sd_transport transport;
	taskd_nsec watchdog_interval;
	bool notifies; /* somebody listens */

	pthread_mutex_t lock; /* everything below; never held while something is sent */
	pthread_cond_t changed;
	bool closing;
	unsigned n_users; /* the owner and the writers: the last one frees */
	struct writer notifier, scribe;
	struct slot slots[N_MESSAGES];
	uint64_t last_order;
	taskd_nsec status_next_at_ns;
	struct td_sd_fields queue[QUEUE_MAX]; /* owned; a ring */
	size_t first, n_queued;
	uint64_t lost, lost_reported;
};

static taskd_nsec now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (taskd_nsec)now.tv_sec * TASKD_SEC + now.tv_nsec;
}

static int send_notify(void *data, const char *state)
{
	int r = sd_notify(0, state);

	(void)data;
	return r < 0 ? r : 0;
}

static int send_journal(void *data, const struct iovec *fields, int n)
{
	(void)data;
	return sd_journal_sendv(fields, n);
}

/* ---- the life of the object ------------------------------------------------------------------ */

static void destroy(struct td_sd *sd)
{
	sd->magic = 0;
	for (; sd->n_queued > 0; sd->n_queued--) {
		td_sd_fields_fini(&sd->queue[sd->first]);
		sd->first = (sd->first + 1) % QUEUE_MAX;
	}
	pthread_cond_destroy(&sd->changed);
	pthread_mutex_destroy(&sd->lock);
	td_mem_free(sd);
}

/* Gives one use back, and the lock. */
static void leave(struct td_sd *sd)
{
	bool last = --sd->n_users == 0;

	pthread_mutex_unlock(&sd->lock);
	if (last)
		destroy(sd);
}

static void wait_until(struct td_sd *sd, taskd_nsec when_ns)
{
	struct timespec when = {
		.tv_sec = (time_t)(when_ns / TASKD_SEC),
		.tv_nsec = (long)(when_ns % TASKD_SEC),
	};

	if (when_ns == TASKD_FOREVER)
		pthread_cond_wait(&sd->changed, &sd->lock);
	else
		(void)pthread_cond_timedwait(&sd->changed, &sd->lock, &when); /* looks again */
}

/* ---- the writer of notifications ------------------------------------------------------------- */

/* The slot to send now, or NULL; then *ret_when says when to look again. */
static struct slot *next_slot(struct td_sd *sd, taskd_nsec *ret_when)
{
	taskd_nsec now = now_ns();
	struct slot *next = NULL;

	*ret_when = TASKD_FOREVER;
	for (int i = 0; i < N_MESSAGES; i++) {
		struct slot *slot = &sd->slots[i];

		if (slot->order == 0)
			continue;
		if (i == STATUS && !sd->closing && now < sd->status_next_at_ns) {
			*ret_when = sd->status_next_at_ns;
			continue;
		}
		if (next == NULL || slot->order < next->order)
			next = slot;
	}
	return next;
}

static void *notifier_main(void *data)
{
	struct td_sd *sd = data;
	char state[STATE_MAX];

	pthread_mutex_lock(&sd->lock);
	for (;;) {
		taskd_nsec when;
		struct slot *slot = next_slot(sd, &when);

		if (slot == NULL && sd->closing)
			break;
		if (slot == NULL) {
			wait_until(sd, when);
			continue;
		}
		memcpy(state, slot->state, sizeof(state));
		slot->order = 0;
		if (strstr(state, "STATUS=") != NULL)
			sd->status_next_at_ns = now_ns() + STATUS_INTERVAL;
		pthread_mutex_unlock(&sd->lock);
		/* Without a listener there is nobody to be told about the failure either. */
		(void)sd->transport.notify(sd->transport.data, state);
		pthread_mutex_lock(&sd->lock);
	}
	sd->notifier.ended = true;
	pthread_cond_broadcast(&sd->changed);
	leave(sd);
	return NULL;
}

/* ---- the writer of the journal --------------------------------------------------------------- */

/* Takes the record that says how many were lost; false when there is nothing to say. */
static bool take_lost(struct td_sd *sd, struct td_sd_fields *ret_fields)
{
	char message[80];
	uint64_t n = sd->lost - sd->lost_reported;
	struct td_sd_record record = {.priority = 4, .message = message, .kind = "lost", .lost = n};

	if (n == 0)
		return false;
	(void)snprintf(message, sizeof(message),
		       "lost %" PRIu64 " records: the journal took them too slowly", n);
	if (td_sd_record_render(&record, ret_fields) < 0)
		return false;
	sd->lost_reported = sd->lost;
	return true;
}

static bool take_record(struct td_sd *sd, struct td_sd_fields *ret_fields)
{
	if (sd->n_queued == 0)
		return take_lost(sd, ret_fields);
	*ret_fields = sd->queue[sd->first];
	sd->first = (sd->first + 1) % QUEUE_MAX;
	sd->n_queued--;
	return true;
}

static void *scribe_main(void *data)
{
	struct td_sd *sd = data;
	struct iovec vector[TD_SD_FIELDS_MAX];

	pthread_mutex_lock(&sd->lock);
	for (;;) {
		struct td_sd_fields fields;
		bool reports_loss = sd->n_queued == 0;
		int r;

		if (!take_record(sd, &fields)) {
			if (sd->closing)
				break;
			wait_until(sd, TASKD_FOREVER);
			continue;
		}
		pthread_mutex_unlock(&sd->lock);
		r = sd->transport.journal(sd->transport.data, vector,
					  td_sd_fields_vector(&fields, vector));
		td_sd_fields_fini(&fields);
		pthread_mutex_lock(&sd->lock);
		/* A report that cannot be written is not itself a loss to report, over and over. */
		if (r < 0 && !reports_loss)
			sd->lost++;
	}
	sd->scribe.ended = true;
	pthread_cond_broadcast(&sd->changed);
	leave(sd);
	return NULL;
}

/* ---- starting and ending --------------------------------------------------------------------- */

/* Under the lock. Signals are for other threads. */
static int start_writer(struct td_sd *sd, struct writer *writer, void *(*writer_main)(void *))
{
	sigset_t all, before;
	pthread_attr_t attributes;
	int r;

	sigfillset(&all);
	r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	(void)pthread_attr_setstacksize(&attributes, WRITER_STACK_SIZE); /* else the default */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&writer->thread, &attributes, writer_main, sd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r != 0)
		return -r;
	writer->started = true;
	sd->n_users++;
	return 0;
}

static void init_lock(struct td_sd *sd)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&sd->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&sd->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

int td_sd_new(const struct td_sd_transport *transport, struct td_sd **ret_sd)
{
	struct td_sd *sd = td_mem_new(sizeof(*sd));
	uint64_t usec;
	int r = 0;

	if (sd == NULL)
		return -TASKD_ENOMEM;
	init_lock(sd);
	sd->n_users = 1;
	sd->transport = transport != NULL ? *transport
					  : (struct td_sd_transport){.notify = send_notify,
								     .journal = send_journal};
	sd->notifies = transport != NULL || getenv("NOTIFY_SOCKET") != NULL;
	if (sd_watchdog_enabled(0, &usec) > 0 && usec <= INT64_MAX / TASKD_USEC)
		sd->watchdog_interval = (taskd_nsec)usec * TASKD_USEC;
	sd->magic = TD_SD_MAGIC;
	pthread_mutex_lock(&sd->lock);
	if (sd->notifies)
		r = start_writer(sd, &sd->notifier, notifier_main);
	pthread_mutex_unlock(&sd->lock);
	if (r < 0)
		destroy(sd);
	else
		*ret_sd = sd;
	return r;
}

/* Under the lock, which is given back while it waits for the thread. */
static void end_writer(struct td_sd *sd, struct writer *writer)
{
	pthread_t thread = writer->thread;

	if (!writer->started)
		return;
	if (!writer->ended) {
		pthread_detach(thread);
		return;
	}
	pthread_mutex_unlock(&sd->lock);
	pthread_join(thread, NULL);
	pthread_mutex_lock(&sd->lock);
}

static bool writes(const struct writer *writer)
{
	return writer->started && !writer->ended;
}

struct td_sd *td_sd_free(struct td_sd *sd)
{
	taskd_nsec until = now_ns() + FLUSH_LIMIT;

	if (sd == NULL)
		return NULL;
	TD_CHECK(sd, TD_SD_MAGIC);
	pthread_mutex_lock(&sd->lock);
	sd->closing = true;
	pthread_cond_broadcast(&sd->changed);
	while ((writes(&sd->notifier) || writes(&sd->scribe)) && now_ns() < until)
		wait_until(sd, until);
	end_writer(sd, &sd->notifier);
	end_writer(sd, &sd->scribe);
	leave(sd);
	return NULL;
}

/* ---- notifications --------------------------------------------------------------------------- */

/* A line break would start another assignment, which is not the author's to make. */
static void copy_status(char *to, const char *status)
{
	size_t length = strnlen(status, TD_SD_STATUS_MAX);

	/* Not in the middle of a character. */
	while (length == TD_SD_STATUS_MAX && length > 0 && (status[length] & 0xC0) == 0x80)
		length--;
	for (size_t i = 0; i < length; i++)
		to[i] = (unsigned char)status[i] < ' ' ? ' ' : status[i];
	to[length] = '\0';
}

/*
 * Puts a notification into its slot: an assignment, and a status with it. `keeps_place`: when one
 * of the kind waits already, the new text takes its place in the order too.
 */
static void post(struct td_sd *sd, enum message message, bool keeps_place, const char *assignment,
		 const char *status)
{
	struct slot *slot = &sd->slots[message];
	char text[TD_SD_STATUS_MAX + 1] = "";

	TD_CHECK(sd, TD_SD_MAGIC);
	if (!sd->notifies)
		return;
	if (status != NULL)
		copy_status(text, status);
	pthread_mutex_lock(&sd->lock);
	if (slot->order == 0 || !keeps_place)
		slot->order = ++sd->last_order;
	/* Both have their limits, and the slot has room for both. */
	(void)snprintf(slot->state, sizeof(slot->state), "%s%s%s%s", assignment,
		       status != NULL && assignment[0] != '\0' ? "\n" : "",
		       status != NULL ? "STATUS=" : "", text);
	if (status != NULL && message != STATUS)
		sd->slots[STATUS].order = 0; /* this one is newer */
	pthread_cond_broadcast(&sd->changed);
	pthread_mutex_unlock(&sd->lock);
}

void td_sd_ready(struct td_sd *sd, const char *status)
{
	post(sd, READY, false, "READY=1", status);
}

void td_sd_status(struct td_sd *sd, const char *status)
{
	post(sd, STATUS, false, "", status != NULL ? status : "");
}

void td_sd_reloading(struct td_sd *sd)
{
	char assignment[80];

	(void)snprintf(assignment, sizeof(assignment), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		       now_ns() / TASKD_USEC);
	post(sd, RELOADING, false, assignment, NULL);
}

void td_sd_stopping(struct td_sd *sd, const char *status, uint64_t extend_usec)
{
	char assignment[80] = "STOPPING=1";

	if (extend_usec > 0)
		(void)snprintf(assignment, sizeof(assignment),
			       "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64, extend_usec);
	post(sd, STOPPING, false, assignment, status);
}

void td_sd_extend(struct td_sd *sd, uint64_t usec)
{
	char assignment[80];

	(void)snprintf(assignment, sizeof(assignment), "EXTEND_TIMEOUT_USEC=%" PRIu64, usec);
	post(sd, EXTEND, true, assignment, NULL);
}

void td_sd_watchdog(struct td_sd *sd)
{
	post(sd, WATCHDOG, true, "WATCHDOG=1", NULL);
}

taskd_nsec td_sd_watchdog_interval(const struct td_sd *sd)
{
	TD_CHECK(sd, TD_SD_MAGIC);
	return sd->watchdog_interval;
}

void td_sd_trigger_watchdog(struct td_sd *sd, const char *why)
{
	post(sd, TRIGGER, false, "WATCHDOG=trigger", why);
}

void td_sd_errno(struct td_sd *sd, int error, const char *text)
{
	char assignment[40];

	(void)snprintf(assignment, sizeof(assignment), "ERRNO=%d", error);
	post(sd, ERROR, false, assignment, text);
}

/* ---- the journal ----------------------------------------------------------------------------- */

/* Under the lock, with room for one more. */
static void push(struct td_sd *sd, struct td_sd_fields fields)
{
	td_assert(sd->n_queued < QUEUE_MAX);
	sd->queue[(sd->first + sd->n_queued) % QUEUE_MAX] = fields;
	sd->n_queued++;
}

void td_sd_journal(struct td_sd *sd, const struct td_sd_record *record)
{
	struct td_sd_fields fields = {0}, report;
	int r;

	TD_CHECK(sd, TD_SD_MAGIC);
	r = td_sd_record_render(record, &fields);
	pthread_mutex_lock(&sd->lock);
	if (r == 0 && !sd->scribe.started)
		r = start_writer(sd, &sd->scribe, scribe_main);
	/* The report comes where the gap is: before the first record after it. */
	if (r == 0 && sd->n_queued + 2 <= QUEUE_MAX && take_lost(sd, &report))
		push(sd, report);
	if (r == 0 && sd->n_queued < QUEUE_MAX) {
		push(sd, fields);
		fields = (struct td_sd_fields){0}; /* the queue owns them now */
	} else {
		sd->lost++;
	}
	pthread_cond_broadcast(&sd->changed);
	pthread_mutex_unlock(&sd->lock);
	td_sd_fields_fini(&fields);
}

uint64_t td_sd_lost(struct td_sd *sd)
{
	uint64_t lost;

	TD_CHECK(sd, TD_SD_MAGIC);
	pthread_mutex_lock(&sd->lock);
	lost = sd->lost;
	pthread_mutex_unlock(&sd->lock);
	return lost;
}

bool td_sd_under_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* ---- socket activation ----------------------------------------------------------------------- */

static bool is_known_name(const char *passed, const char *name)
{
	size_t length = strlen(passed);

	/* What systemd calls a descriptor that nobody named: "unknown", or after its unit. */
	return strcmp(passed, name) == 0 || strcmp(passed, "unknown") == 0 || length == 0 ||
	       (length > 7 && strcmp(passed + length - 7, ".socket") == 0);
}

static int check_passed(int n, char *const *names, const char *name, struct td_failure *failure)
{
	int r;

	if (n > 1)
		return td_fail(failure, -TASKD_EINVAL, name,
			       "systemd passed %d descriptors (LISTEN_FDS); one listening socket "
			       "is expected",
			       n);
	if (names != NULL && !is_known_name(names[0], name))
		return td_fail(failure, -TASKD_EINVAL, names[0],
			       "systemd passed a descriptor named \"%s\"; the socket must be named "
			       "\"%s\" (FileDescriptorName=)",
			       names[0], name);
	r = sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0);
	if (r < 0)
		return td_fail(failure, r, name,
			       "cannot look at the descriptor that systemd passed: %s",
			       taskd_strerror(r));
	if (r == 0)
		return td_fail(failure, -TASKD_EINVAL, name,
			       "the descriptor that systemd passed is not a listening Unix stream "
			       "socket (ListenStream= with a path)");
	r = td_fd_prepare(SD_LISTEN_FDS_START);
	if (r < 0)
		return td_fail(failure, r, name, "cannot set up the socket that systemd passed: %s",
			       taskd_strerror(r));
	return 0;
}

int td_sd_listen(const char *name, int *ret_fd, struct td_failure *failure)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names), r = 0;

	if (n < 0)
		return td_fail(failure, n, name,
			       "cannot take the descriptors that systemd passed (LISTEN_FDS): %s",
			       taskd_strerror(n));
	if (n > 0)
		r = check_passed(n, names, name, failure);
	for (int i = 0; names != NULL && names[i] != NULL; i++)
		free(names[i]);
	free(names);
	if (r == 0)
		*ret_fd = n > 0 ? SD_LISTEN_FDS_START : -1;
	return r;
}
