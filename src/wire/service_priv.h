/* SPDX-License-Identifier: MIT */
/* What a connection asks its service. */
#ifndef TD_WIRE_SERVICE_PRIV_H
#define TD_WIRE_SERVICE_PRIV_H

#include "wire/idl.h"
#include "wire/service.h"

struct td_service_method {
	const struct td_idl_member *member; /* borrowed from the interface */
	td_method_handler *handler;
	unsigned flags; /* enum td_method_flags */
	void *data;
};

/*
 * Finds a method by its full name. Returns: NULL when there is none: then *ret_error is the name of
 * an error of org.varlink.service, and *ret_key the member of it that names what is missing.
 */
const struct td_service_method *td_service_find(const struct td_service *service, const char *name,
						const char **ret_error, const char **ret_key);
/* Finds an error by its full name, or NULL. */
const struct td_idl_member *td_service_find_error(const struct td_service *service,
						  const char *name);
const struct td_service_info *td_service_info(const struct td_service *service);
bool td_service_checks_replies(const struct td_service *service);

#endif
