/* SPDX-License-Identifier: MIT */
/* A stack that is pushed to by many and taken whole by one. */
#include "daemon/inbox.h"

#include <stddef.h>

#include "loop/loop.h"

void td_inbox_put(struct td_inbox *inbox, struct td_letter *letter)
{
	struct td_letter *head = __atomic_load_n(&inbox->letters, __ATOMIC_RELAXED);

	do
		letter->next = head;
	while (!__atomic_compare_exchange_n(&inbox->letters, &head, letter, 1, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	td_loop_wake(inbox->loop);
}

void td_inbox_read(struct td_inbox *inbox)
{
	struct td_letter *letter = __atomic_exchange_n(&inbox->letters, NULL, __ATOMIC_ACQUIRE);
	struct td_letter *first = NULL;

	while (letter) {
		struct td_letter *next = letter->next;

		letter->next = first;
		first = letter;
		letter = next;
	}
	while (first) {
		struct td_letter *next = first->next;

		first->read(first);
		first = next;
	}
}
