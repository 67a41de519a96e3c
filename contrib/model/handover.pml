/* SPDX-License-Identifier: MIT */
/*
 * The role of driver, as it moves between threads: src/core/driver.c and src/core/sched.c. What C
 * does under the lock is one atomic step here; lock.pml is about the lock.
 *
 *	offer()		td_driver_offer(): the role is taken from a thread and offered to a spare
 *	take_back()	td_driver_take_back(), in td_sched_suspend() and td_sched_exit()
 *	accept		accept_offer(), in td_driver_main()
 *	pooled		wait_assignment(), in td_driver_main()
 *	suspend		td_sched_suspend(): a fiber comes back from code of a plugin
 *	monitor		hand_over(), when a fiber has held the driver for too long
 *
 * Shown: there is at most one driver; while there is none, the role is offered to somebody who is
 * awake or will be; a fiber runs on one thread; a fiber that does not give its thread back before
 * the other has ended holds that one up for no longer than it takes to be noticed; all fibers get
 * to their end (else: invalid end).
 *
 * Must fail: WITHOUT_CLEAR WITHOUT_ACCEPT_CHECK WITHOUT_WAKE WITHOUT_MONITOR
 */
#define THREADS 3
#define FIBERS 2
#define TURNS 2 /* suspensions of each fiber */
#define NONE 255

byte driver = NONE;  /* rt->driver */
byte pending = 0;    /* rt->pending: start_threads() offers the role to the first thread */
bool is_driver[THREADS];
bool pooled[THREADS]; /* rt->pool */
bool go[THREADS];
byte current[THREADS] = NONE;
bool ready[FIBERS] = true;
byte turns[FIBERS];
byte ended;

inline check() {
	assert((driver == NONE) == (!is_driver[0] && !is_driver[1] && !is_driver[2]));
	assert(is_driver[0] + is_driver[1] + is_driver[2] <= 1);
	assert(driver == NONE || is_driver[driver]);
	assert(driver == NONE || pending == NONE);
	assert(driver != NONE || pending != NONE);
}

/* Nothing happens when there is no spare. */
inline offer(from) {
	if
	:: pooled[0] -> spare = 0
	:: pooled[1] -> spare = 1
	:: pooled[2] -> spare = 2
	:: !pooled[0] && !pooled[1] && !pooled[2] -> spare = NONE
	fi;
	if
	:: spare != NONE && pending == NONE ->
	   pooled[spare] = false;
	   pending = spare;
	   is_driver[from] = false; /* `from` may be `driver` itself */
	   driver = NONE;
#ifndef WITHOUT_WAKE
	   go[spare] = true
#endif
	:: else
	fi
}

inline take_back(me) {
#ifndef WITHOUT_CLEAR
	pending = NONE;
#endif
	driver = me;
	is_driver[me] = true
}

/* td_sched_pop() */
inline pop() {
	if
	:: ready[0] -> next = 0; ready[0] = false
	:: ready[1] -> next = 1; ready[1] = false
	:: !ready[0] && !ready[1] -> next = NONE
	fi
}

/* dispatched(): a known hog gives the role away before it runs */
inline dispatch(me) {
	current[me] = next;
	if
	:: is_driver[me] -> offer(me)
	:: skip
	fi;
	check()
}

/* A fiber runs, outside the lock, and comes back. */
inline live(me) {
	do
	:: current[me] == NONE -> break
	:: current[me] != NONE ->
	   if
	   :: current[me] == 1 -> (turns[0] == TURNS) /* a hog, as bad as can be */
	   :: true
	   fi;
	   atomic { /* suspend */
		turns[current[me]]++;
		assert(turns[current[me]] <= TURNS && !ready[current[me]]);
		if
		:: turns[current[me]] == TURNS -> ended++
		:: else -> ready[current[me]] = true
		fi;
		current[me] = NONE;
		next = NONE;
		if
		:: !is_driver[me] && pending != NONE -> take_back(me)
		:: else
		fi;
		if
		:: is_driver[me] -> pop()
		:: else
		fi;
		if :: next != NONE -> dispatch(me) :: else fi;
		check();
		spare = 0;
		next = 0
	   }
	od
}

active [THREADS] proctype thread() {
	byte me = _pid, next, spare;

	do
	:: atomic { ended == FIBERS -> break }
#ifdef WITHOUT_ACCEPT_CHECK
	:: atomic { !is_driver[me] && !pooled[me] && (go[me] || pending == me) -> /* woken */
#else
	:: atomic { pending == me -> /* accept */
#endif
		go[me] = false;
		pending = NONE;
		driver = me;
		is_driver[me] = true;
		check()
	   }
	:: atomic { is_driver[me] && (ready[0] || ready[1]) -> /* td_driver_round() */
		pop();
		dispatch(me);
		spare = 0;
		next = 0
	   };
	   live(me)
	:: atomic { !is_driver[me] && pending != me && !pooled[me] -> pooled[me] = true };
	   if /* waits in the pool */
	   :: atomic { go[me] ->
#ifndef WITHOUT_ACCEPT_CHECK
		go[me] = false;
#endif
		pooled[me] = false /* leave_pool(), when it is still in it */
	      }
	   :: ended == FIBERS -> break
	   fi
	od
}

active proctype monitor() {
	byte spare;

	do
#ifndef WITHOUT_MONITOR
	:: atomic { driver != NONE && current[driver] != NONE && pending == NONE ->
		offer(driver);
		check();
		spare = 0
	   }
#endif
	:: ended == FIBERS -> break
	od
}
