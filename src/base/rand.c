/* SPDX-License-Identifier: MIT */
/* xoshiro256**, seeded by splitmix64, after the papers of Blackman and Vigna, and Steele et al. */
#include "base/rand.h"

#include "base/assert.h"

static uint64_t rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void td_rand_seed(struct td_rand *rand, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));

		z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
		rand->s[i] = z ^ (z >> 31);
	}
}

uint64_t td_rand_next(struct td_rand *rand)
{
	uint64_t *s = rand->s;
	uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t td_rand_below(struct td_rand *rand, uint64_t bound)
{
	uint64_t skip, value;

	td_assert(bound > 0);
	/* The first 2^64 mod bound values would make small results more likely: drawn again. */
	skip = -bound % bound;
	do
		value = td_rand_next(rand);
	while (value < skip);
	return value % bound;
}
