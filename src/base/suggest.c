/* SPDX-License-Identifier: MIT */
/*
 * The distance of two words: how many letters must be put in, taken out, replaced, or swapped with
 * their neighbour. The case of letters does not count.
 */
#include "base/suggest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 64 /* bytes; longer words get no suggestion */
#define FAR 4       /* what is further away is no typing error */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	uint8_t rows[3][WORD_MAX + 1]; /* the row at hand and the two before it */

	for (size_t j = 0; j <= n_b; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= n_a; i++) {
		uint8_t *row = rows[i % 3];
		const uint8_t *last = rows[(i - 1) % 3], *older = rows[(i + 1) % 3];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t same = fold(a[i - 1]) == fold(b[j - 1]);
			size_t best = min(min(last[j] + 1u, row[j - 1] + 1u),
					  last[j - 1] + (same ? 0u : 1u));

			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				best = min(best, older[j - 2] + 1u);
			row[j] = (uint8_t)best;
		}
	}
	return rows[n_a % 3][n_b];
}

void td_suggest_offer(struct td_suggest *suggest, const char *candidate)
{
	size_t n_word = strlen(suggest->word), n_candidate = strlen(candidate);
	size_t longer = n_word > n_candidate ? n_word : n_candidate, limit, d;

	if (n_word == 0 || longer > WORD_MAX)
		return;
	/* A third of the letters may be wrong, and at least one must be right. */
	limit = longer < 6 ? (longer + 1) / 3 : min(longer / 3, FAR);
	d = distance(suggest->word, n_word, candidate, n_candidate);
	if (d > limit || d >= n_word || (suggest->best != NULL && d >= suggest->distance))
		return;
	suggest->best = candidate;
	suggest->distance = d;
}
