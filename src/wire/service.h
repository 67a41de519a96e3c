/* SPDX-License-Identifier: MIT */
/*
 * A Varlink service: interfaces, and the functions that implement their methods. It owns the parsed
 * interfaces; connections to it are peers (wire/peer.h). org.varlink.service is built in. It has no
 * sockets and no loop. Thread: one; set up first, then unchanged while there are peers.
 */
#ifndef TD_WIRE_SERVICE_H
#define TD_WIRE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"

struct td_call;
struct td_idl;
struct td_idl_member;
struct td_service;

/* What GetInfo answers. Borrowed texts: constants. */
struct td_service_info {
	const char *vendor, *product, *version, *url;
	/* The interface whose errors stand for TASKD_ERROR_LIST ("io.taskd.Manager"). */
	const char *error_interface;
};

/*
 * Handles one call. It answers with one of the td_call_... functions of wire/peer.h, now or later.
 * Returns: 0: answered, or to be answered later; or an error (negative), with `failure` filled in
 * or not: the call must not be answered then, td_call_fail() is done for it.
 */
typedef int td_method_handler(struct td_call *call, struct td_failure *failure, void *data);

enum td_method_flags {
	TD_METHOD_PLAIN = 0,
	TD_METHOD_MORE = 1, /* a call without `more` is answered with ExpectedMore */
};

struct td_method {
	const char *name; /* full: "io.taskd.Manager.List" */
	td_method_handler *handler;
	unsigned flags;
};

struct td_service *td_service_new(const struct td_service_info *info);
/* All peers must be freed before. NULL allowed; returns NULL. */
struct td_service *td_service_free(struct td_service *service);

/* Adds an interface by its text. Errors: those of td_idl_parse(); -TASKD_EEXIST. */
int td_service_add_interface(struct td_service *service, const char *text,
			     struct td_failure *failure);
/*
 * Adds the implementation of methods; `data` is handed to each handler. Errors: -TASKD_EINVAL: no
 * interface has such a method; -TASKD_EEXIST; -TASKD_ENOMEM.
 */
int td_service_add_methods(struct td_service *service, const struct td_method *methods, size_t n,
			   void *data, struct td_failure *failure);

/* The first method without a handler, its full name in `buffer`; NULL when all have one. For the
 * start of the daemon and for tests. */
const char *td_service_missing(const struct td_service *service, char *buffer, size_t size);

/* From now on each reply and error is checked against the interface; what does not fit is our own
 * mistake and asserted. For tests and debug builds. */
void td_service_check_replies(struct td_service *service, bool yes);

/* An interface by its name, or NULL. */
const struct td_idl *td_service_interface(const struct td_service *service, const char *name);

#endif
