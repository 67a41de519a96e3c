/* SPDX-License-Identifier: MIT */
/* Intrusive, circular, doubly linked lists. A list and its members are the same struct. */
#ifndef TD_BASE_LIST_H
#define TD_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/assert.h"

struct td_list {
	struct td_list *next, *prev; /* NULL in a member that is in no list */
};

static inline void td_list_init(struct td_list *list)
{
	list->next = list->prev = list;
}

static inline bool td_list_empty(const struct td_list *list)
{
	return list->next == list;
}

static inline bool td_list_linked(const struct td_list *member)
{
	return member->next != NULL;
}

static inline void td_list_append(struct td_list *list, struct td_list *member)
{
	member->next = list;
	member->prev = list->prev;
	list->prev->next = member;
	list->prev = member;
}

static inline void td_list_prepend(struct td_list *list, struct td_list *member)
{
	td_list_append(list->next, member);
}

/* Takes a member out; nothing happens when it is in no list. */
static inline void td_list_remove(struct td_list *member)
{
	if (member->next == NULL)
		return;
	member->next->prev = member->prev;
	member->prev->next = member->next;
	member->next = member->prev = NULL;
}

#define TD_LIST_FIRST(list, type, member) \
	(td_list_empty(list) ? NULL : TD_CONTAINER_OF((list)->next, type, member))

/* The body may not remove anything but, with _SAFE, the current member. */
#define TD_LIST_FOREACH(i, list, member)                                                      \
	for (i = TD_CONTAINER_OF((list)->next, __typeof__(*i), member); &i->member != (list); \
	     i = TD_CONTAINER_OF(i->member.next, __typeof__(*i), member))
#define TD_LIST_FOREACH_SAFE(i, tmp, list, member)                         \
	for (i = TD_CONTAINER_OF((list)->next, __typeof__(*i), member),    \
	    tmp = TD_CONTAINER_OF(i->member.next, __typeof__(*i), member); \
	     &i->member != (list);                                         \
	     i = tmp, tmp = TD_CONTAINER_OF(tmp->member.next, __typeof__(*i), member))

#endif
