/* SPDX-License-Identifier: MIT */
/* The one lock: it excludes, and it starves nobody. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tdtest.h"
#include "core/lock.h"

#define N_FOREIGN 3

static struct td_lock lock;
static uint64_t guarded; /* by the lock, and by nothing else */
static atomic_bool over;

struct foreign {
	pthread_t id;
	uint64_t n, limit; /* 0: until it is over */
};

static void *foreign_main(void *data)
{
	struct foreign *foreign = data;

	while (foreign->limit ? foreign->n < foreign->limit : !atomic_load(&over)) {
		td_lock_foreign(&lock);
		guarded++;
		td_lock_release(&lock);
		foreign->n++;
	}
	return NULL;
}

/* The driver takes the lock `driver_limit` times, or (0) until the others have had their share. */
static void run(struct foreign foreign[N_FOREIGN], uint64_t limit, uint64_t driver_limit,
		bool strict)
{
	uint64_t n = 0, sum = 0;
	bool more = true;

	td_lock_init(&lock);
	lock.strict = lock.strict || strict;
	guarded = 0;
	atomic_store(&over, false);
	for (int i = 0; i < N_FOREIGN; i++) {
		foreign[i] = (struct foreign){.limit = limit};
		ck_assert_int_eq(pthread_create(&foreign[i].id, NULL, foreign_main, &foreign[i]),
				 0);
	}
	while (more) {
		td_lock_driver(&lock);
		guarded++;
		n++;
		more = driver_limit ? n < driver_limit : guarded - n < N_FOREIGN * limit;
		td_lock_release(&lock);
	}
	atomic_store(&over, true);
	for (int i = 0; i < N_FOREIGN; i++) {
		pthread_join(foreign[i].id, NULL);
		sum += foreign[i].n;
	}
	ck_assert_uint_eq(guarded, n + sum);
	td_lock_fini(&lock);
}

/* Foreign threads that want nothing but the lock, for as long as the driver works. */
START_TEST(the_driver_gets_the_lock_among_greedy_foreign_threads)
{
	struct foreign foreign[N_FOREIGN];

	run(foreign, 0, 20000, false);
}
END_TEST

/* The driver takes it all the time, until each foreign thread has had its share. */
START_TEST(foreign_threads_get_the_lock_from_a_greedy_driver)
{
	struct foreign foreign[N_FOREIGN];

	run(foreign, 2000, 0, false);
	for (int i = 0; i < N_FOREIGN; i++)
		ck_assert_uint_eq(foreign[i].n, 2000);
}
END_TEST

START_TEST(without_membarrier_it_works_as_well)
{
	struct foreign foreign[N_FOREIGN];

	run(foreign, 0, 5000, true);
	run(foreign, 500, 0, true);
}
END_TEST

TD_TEST_MAIN("lock", the_driver_gets_the_lock_among_greedy_foreign_threads,
	     foreign_threads_get_the_lock_from_a_greedy_driver, without_membarrier_it_works_as_well)
