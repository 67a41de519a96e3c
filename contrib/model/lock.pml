/* SPDX-License-Identifier: MIT */
/*
 * The lock of src/core/lock.c: one driver, which takes it without a system call, and foreign threads,
 * past whose `want` the driver does not take it again.
 *
 * Shown: at most one thread holds it; nobody sleeps for ever (spin reports that as an invalid end).
 * Each statement is one access to memory or one system call. Memory is sequentially consistent here:
 * what the plain store of the release lacks, the membarrier(2) of td_lock_slow() makes up for.
 *
 * Must fail: WITHOUT_RECHECK WITHOUT_TURN WITHOUT_FLAG_FIRST WITHOUT_SLEEPERS
 */
#define FOREIGN 2
#define DRIVER 2 /* its number; the foreign ones are 0 and 1 */
#define ROUNDS 2

bit word, want, want_sleeper, foreign;
byte turn, sleepers, holders;
bool on_word[3], on_turn; /* asleep in futex(2) */

/* FUTEX_WAKE of one sleeper on the word, whichever the kernel likes. */
inline wake_word() {
	atomic {
		if
		:: on_word[0] -> on_word[0] = false
		:: on_word[1] -> on_word[1] = false
		:: on_word[2] -> on_word[2] = false
		:: !on_word[0] && !on_word[1] && !on_word[2] -> skip
		fi
	}
}

/* td_lock_slow(), and the exchange before it. */
inline acquire(me) {
	do
	:: atomic { word == 0 -> word = 1 }; break /* __atomic_exchange_n() gave 0 */
	:: atomic { word == 1 -> skip };
#ifndef WITHOUT_SLEEPERS
	   sleepers++;
#endif
	   if
	   :: atomic { word == 0 -> word = 1 }; got = true
	   :: atomic { word == 1 -> skip }; got = false;
	      atomic { if :: word == 1 -> on_word[me] = true :: else fi }; /* td_futex_wait() */
	      !on_word[me]
	   fi;
#ifndef WITHOUT_SLEEPERS
	   sleepers--;
#endif
	   if :: got -> break :: else fi
	od
}

/* td_lock_release() */
inline release() {
	word = 0;
	if :: sleepers > 0 -> wake_word() :: else fi
}

inline work() {
	holders++;
	assert(holders == 1);
	holders--
}

/* td_lock_wait_turn() */
inline wait_turn() {
	do
	:: seen = turn;
	   want_sleeper = 1;
#ifndef WITHOUT_RECHECK
	   if :: want == 0 -> break :: else fi;
#endif
#ifdef WITHOUT_TURN /* sleeping on `want` itself */
	   atomic { if :: want == 1 -> on_turn = true :: else fi };
#else
	   atomic { if :: turn == seen -> on_turn = true :: else fi };
#endif
	   !on_turn;
#ifdef WITHOUT_RECHECK
	   if :: want == 0 -> break :: else fi
#endif
	od
}

active proctype driver() {
	byte n, seen;
	bool got;

	do
	:: n == ROUNDS + 1 -> break
	:: else ->
	   if :: want == 1 -> wait_turn() :: else fi; /* td_lock_driver() */
	   acquire(DRIVER);
	   work();
	   release();
	   n++
	od
}

/* td_lock_foreign() and td_lock_release() */
active [FOREIGN] proctype control() {
	byte n;
	bool got, asleep;

	do
	:: n == ROUNDS -> break
	:: else ->
	   atomic { foreign == 0 -> foreign = 1 }; /* the mutex */
	   want = 1;
	   acquire(_pid - 1);
	   want = 0;
#ifdef WITHOUT_FLAG_FIRST
	   turn++;
	   atomic { asleep = want_sleeper; want_sleeper = 0 };
#else
	   atomic { asleep = want_sleeper; want_sleeper = 0 };
	   turn++;
#endif
	   if :: asleep -> on_turn = false :: else fi; /* td_futex_wake() */
	   foreign = 0;
	   work();
	   release();
	   n++
	od
}
