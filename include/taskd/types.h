/* SPDX-License-Identifier: MIT */
/* Types and constants that every other public header needs. */
#ifndef TASKD_TYPES_H
#define TASKD_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TASKD_BEGIN_DECLS extern "C" {
#define TASKD_END_DECLS }
#else
#define TASKD_BEGIN_DECLS
#define TASKD_END_DECLS
#endif

/* Marks what libtaskd exports; everything else in it is hidden. */
#define TASKD_API __attribute__((visibility("default")))
#define TASKD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TASKD_WARN_UNUSED __attribute__((warn_unused_result))

/* A duration, or a point in time on CLOCK_MONOTONIC, in nanoseconds. */
typedef int64_t taskd_nsec;

#define TASKD_USEC INT64_C(1000)
#define TASKD_MSEC INT64_C(1000000)
#define TASKD_SEC INT64_C(1000000000)
#define TASKD_FOREVER INT64_MAX /* no deadline, no time limit */

/* A running task as it sees itself; taskd_current() returns it. */
typedef struct taskd_self taskd_self;

/* A handle on another task; see taskd_spawn(). */
typedef struct taskd_task taskd_task;

/* A reason to stop that tasks share; see token.h. */
typedef struct taskd_token taskd_token;

/* What runs a task. The functions a task may call are the same for both. */
enum taskd_driver {
	TASKD_DRIVER_DEFAULT = 0, /* what the plugin asks for, else fiber */
	TASKD_DRIVER_FIBER = 1,   /* a small stack, switched by the runtime: work that waits */
	TASKD_DRIVER_THREAD = 2,  /* a pooled thread of its own: libraries that block */
};

#endif
