/* SPDX-License-Identifier: MIT */
/*
 * One record of the journal: what it says, and the fields by which it can be found again. Pure:
 * it makes the fields and sends nothing (sd.h does).
 */
#ifndef TD_DAEMON_SD_RECORD_H
#define TD_DAEMON_SD_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define TD_SD_FIELDS_MAX 48 /* fields of one record */

/* All texts are borrowed. NULL or 0: the record has no such field. */
struct td_sd_record {
	int priority;        /* as in syslog(3) */
	const char *message; /* MESSAGE; must be given */
	const char *kind;    /* TASKD_KIND: the kind of an event; decides on MESSAGE_ID */
	const char *node;    /* TASKD_NODE: the path of a group or task; gives each TASKD_GROUP */
	uint64_t task_id;    /* TASKD_TASK_ID */
	const char *run_id;  /* TASKD_RUN_ID: of this run of the daemon */
	const char *outcome; /* TASKD_OUTCOME */
	uint64_t sequence;   /* TASKD_SEQ */
	uint64_t lost;       /* TASKD_LOST: how many records are missing before this one */
};

/* "NAME=value" texts in one block of memory, each with its NUL. */
struct td_sd_fields {
	char *bytes; /* owned */
	size_t length;
	size_t n;
};

/*
 * Makes the fields of a record. TASKD_GROUP is there once for each group above the node, the root
 * "/" too, so that a search for a group finds all below it.
 * Returns: 0, or -TASKD_ENOMEM. Owns: the caller gives the fields back with td_sd_fields_fini().
 * Blocks: no. Thread: any.
 */
int td_sd_record_render(const struct td_sd_record *record, struct td_sd_fields *ret_fields);
void td_sd_fields_fini(struct td_sd_fields *fields);

/* Fills in one vector for each field; they borrow from `fields`. Returns: how many. */
int td_sd_fields_vector(const struct td_sd_fields *fields,
			struct iovec ret_vector[TD_SD_FIELDS_MAX]);

/* The 128-bit number, in hex, by which the catalog of the journal knows a kind of event; NULL for
 * an unknown kind. Never renumbered. */
const char *td_sd_message_id(const char *kind);

#endif
