/* SPDX-License-Identifier: MIT */
/*
 * Cancel, spawn, finish and close: src/core/task.c, cancel.c, wait.c, stop.c and group.c. What C does
 * under the lock is one atomic step here; between two steps of a task its own code runs.
 *
 *	spawn		td_task_spawn(): the look at the state of the group, and the admission
 *	wait		td_wait()
 *	finish		td_task_finish(), and td_group_settle()
 *	stop		td_group_stop(): close_admission(), tell_subtree()
 *	deadline	td_stop_deadline(): td_task_abort() of each task
 *	condemn		td_task_escalate() of a task that still runs after abort-timeout
 *	land		td_enter_task() and come_back(): a task that was stopped by force
 *
 * Group 0 is the parent of group 1. Shown: a group is closed only when nothing lives in it or below;
 * nobody is admitted afterwards; each task ends once; both groups are closed in the end, however
 * the tasks behave (else: invalid end).
 *
 * Must fail: WITHOUT_ADMISSION WITHOUT_LEVEL WITHOUT_WAKE WITHOUT_GHOST WITHOUT_SUBTREE
 */
#define TASKS 3

mtype = { OPEN, DRAINING, CLOSED };
mtype = { FREE, RUNS, WAITS, ENDED };

mtype group[2] = OPEN;
byte n_tasks[2];
bool child_open = true; /* n_open_children of group 0 */
mtype task[TASKS] = FREE;
byte in[TASKS];
bool cancel[TASKS], abort[TASKS], ghost[TASKS];
byte ends[TASKS];
bool started;


inline settle(g) {
	if
	:: g == 1 && group[1] == DRAINING && n_tasks[1] == 0 ->
	   group[1] = CLOSED;
	   child_open = false
	:: else
	fi;
	if
	:: group[0] == DRAINING && n_tasks[0] == 0 && !child_open -> group[0] = CLOSED
	:: else
	fi;
	assert(group[0] != CLOSED || group[1] == CLOSED);
	assert(group[0] != CLOSED || n_tasks[0] + n_tasks[1] == 0);
	assert(group[1] != CLOSED || n_tasks[1] == 0)
}

inline finish(t) {
	assert(task[t] == RUNS || task[t] == WAITS);
	ends[t]++;
	assert(ends[t] == 1 && n_tasks[in[t]] > 0);
	task[t] = ENDED;
	n_tasks[in[t]]--;
	settle(in[t])
}

/* check_spawn() and admit(), into group g */
inline spawn(g) {
#ifdef WITHOUT_ADMISSION
	open = true;
#else
	open = group[g] == OPEN;
#endif
	for (k : 0 .. TASKS - 1) {
		if
		:: open && task[k] == FREE ->
		   assert(group[g] != CLOSED);
		   task[k] = RUNS;
		   in[k] = g;
		   n_tasks[g]++;
		   open = false
		:: else
		fi
	}
	k = 0;
	open = false
}

/* Whether the task goes no further: what force has decided for it. Left with `gone` set. */
inline land(t) {
	if
#ifndef WITHOUT_GHOST
	:: ghost[t] -> gone = true /* land_ghost(): it has ended already */
	:: abort[t] && !ghost[t] -> finish(t); gone = true
#else
	:: abort[t] -> finish(t); gone = true
#endif
	:: else
	fi
}

/* The code of a task: any calls, in any order; it need not care whether it is cancelled. */
proctype body(byte t) {
	byte k;
	bool open, gone;

	(task[t] != FREE);
	do
	:: gone -> break
	:: else ->
	   if
	   :: atomic { true -> land(t); if :: !gone -> spawn(0) :: else fi }
	   :: atomic { true -> land(t); if :: !gone -> spawn(1) :: else fi }
	   :: atomic { true -> /* wait */
		land(t);
		if
		:: gone
#ifndef WITHOUT_LEVEL
		:: !gone && cancel[t] /* -TASKD_ECANCELED, again and again */
		:: !gone && !cancel[t] -> task[t] = WAITS
#else
		:: !gone -> task[t] = WAITS
#endif
		fi
	      };
	      if
	      :: task[t] == ENDED -> gone = true /* aborted where it stood, or over */
	      :: task[t] == RUNS
	      fi
	   :: atomic { true -> land(t); if :: !gone -> finish(t); gone = true :: else fi } /* returns */
	   fi
	od
}

active proctype operator() {
	byte k;

	(started);
	atomic { /* stop */
		group[0] = DRAINING;
#ifndef WITHOUT_SUBTREE
		group[1] = DRAINING;
#endif
		for (k : 0 .. TASKS - 1) {
			if
			:: (task[k] == RUNS || task[k] == WAITS) && group[in[k]] != OPEN ->
			   cancel[k] = true;
#ifndef WITHOUT_WAKE
			   if :: task[k] == WAITS -> task[k] = RUNS :: else fi
#endif
			:: else
			fi
		}
		settle(1);
		k = 0
	}
	if
	:: skip /* the tasks end before the deadline ... */
	:: atomic { /* ... or it comes first */
		for (k : 0 .. TASKS - 1) {
			if
			:: task[k] == WAITS -> finish(k)
			:: task[k] == RUNS -> abort[k] = true
			:: else
			fi
		}
		k = 0
	   };
	   atomic { /* condemn */
		for (k : 0 .. TASKS - 1) {
			if
			:: task[k] == RUNS && abort[k] -> ghost[k] = true; finish(k)
			:: task[k] == RUNS && abort[k] /* it lands in time */
			:: else
			fi
		}
		k = 0
	   }
	fi;
	(group[0] == CLOSED && group[1] == CLOSED)
}

init {
	byte t;

	atomic {
		task[0] = RUNS;
		n_tasks[0] = 1;
		for (t : 0 .. TASKS - 1) {
			run body(t)
		}
		started = true
	}
	/* A task that was never started is no task that waits for ever. */
	(group[0] == CLOSED);
	atomic {
		for (t : 0 .. TASKS - 1) {
			if :: task[t] == FREE -> task[t] = ENDED; ghost[t] = true :: else fi
		}
	}
}
