/* SPDX-License-Identifier: MIT */
/* A seedable generator (xoshiro256**, seeded by splitmix64; Blackman and Vigna 2018). */
#ifndef TD_BASE_RAND_H
#define TD_BASE_RAND_H

#include <stdint.h>

struct td_rand {
	uint64_t s[4];
};

void td_rand_seed(struct td_rand *rand, uint64_t seed);
uint64_t td_rand_next(struct td_rand *rand);
/* Uniform in 0 .. bound-1, without bias; bound > 0. */
uint64_t td_rand_below(struct td_rand *rand, uint64_t bound);

#endif
