/* SPDX-License-Identifier: MIT */
/* Letters to the control thread: how facts that become true under the lock reach it. */
#ifndef TD_DAEMON_INBOX_H
#define TD_DAEMON_INBOX_H

struct td_loop;

struct td_letter {
	struct td_letter *next;
	void (*read)(struct td_letter *letter); /* in the control thread; takes the letter */
};

struct td_inbox {
	struct td_loop *loop;      /* borrowed */
	struct td_letter *letters; /* atomic; youngest first */
};

/* Puts a letter in and wakes the control thread. Blocks: no. Thread: any, also under the lock. */
void td_inbox_put(struct td_inbox *inbox, struct td_letter *letter);
/* Reads all letters, oldest first. Thread: control, lock not held. */
void td_inbox_read(struct td_inbox *inbox);

#endif
