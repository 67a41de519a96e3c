/* SPDX-License-Identifier: MIT */
/* "did you mean": the nearest of a set of words. */
#ifndef TD_BASE_SUGGEST_H
#define TD_BASE_SUGGEST_H

#include <stddef.h>

/* A running search; start with TD_SUGGEST_INIT(word), offer all candidates, then read best. */
struct td_suggest {
	const char *word;
	const char *best; /* borrowed from the candidates; NULL: nothing is near enough */
	size_t distance;
};

#define TD_SUGGEST_INIT(text) ((struct td_suggest){.word = (text), .best = NULL, .distance = 0})
void td_suggest_offer(struct td_suggest *suggest, const char *candidate);

#endif
