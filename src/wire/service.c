/* SPDX-License-Identifier: MIT */
/* The tables of a service, and the interface that every service has: org.varlink.service. */
#include "wire/service.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "wire/interfaces.h"
#include "wire/peer.h"
#include "wire/service_priv.h"

#define MAGIC 0x73727663u
#define NAME_MAX_BYTES 400 /* of a full name: interface, dot, member */
#define INTERFACES_MAX 16

struct td_service {
	uint32_t magic;
	struct td_service_info info;
	struct td_idl *interfaces[INTERFACES_MAX]; /* owned; sorted by name */
	size_t n_interfaces;
	struct td_map *methods; /* owned, with its values: full name to struct td_service_method */
	bool check_replies;
};

static int get_info(struct td_call *call, struct td_failure *failure, void *data);
static int get_description(struct td_call *call, struct td_failure *failure, void *data);

struct td_service *td_service_new(const struct td_service_info *info)
{
	static const struct td_method methods[] = {
		{"org.varlink.service.GetInfo", get_info, 0},
		{"org.varlink.service.GetInterfaceDescription", get_description, 0},
	};
	struct td_service *service = td_mem_new(sizeof(*service));
	int r;

	if (service == NULL)
		return NULL;
	service->magic = MAGIC;
	service->info = *info;
	service->methods = td_map_new();
	r = service->methods != NULL ? 0 : -TASKD_ENOMEM;
	if (r == 0)
		r = td_service_add_interface(service, td_interface_org_varlink_service, NULL);
	if (r == 0)
		r = td_service_add_methods(service, methods, TD_ARRAY_SIZE(methods), service, NULL);
	td_assert(r == 0 || r == -TASKD_ENOMEM);
	return r == 0 ? service : td_service_free(service);
}

struct td_service *td_service_free(struct td_service *service)
{
	struct td_service_method *method;
	size_t cursor = 0;

	if (service == NULL)
		return NULL;
	TD_CHECK(service, MAGIC);
	service->magic = 0;
	if (service->methods != NULL)
		while ((method = td_map_next(service->methods, &cursor, NULL)) != NULL)
			td_mem_free(method);
	td_map_free(service->methods);
	for (size_t i = 0; i < service->n_interfaces; i++)
		td_idl_free(service->interfaces[i]);
	return td_mem_free(service);
}

void td_service_check_replies(struct td_service *service, bool yes)
{
	TD_CHECK(service, MAGIC);
	service->check_replies = yes;
}

bool td_service_checks_replies(const struct td_service *service)
{
	TD_CHECK(service, MAGIC);
	return service->check_replies;
}

const struct td_service_info *td_service_info(const struct td_service *service)
{
	TD_CHECK(service, MAGIC);
	return &service->info;
}

/* --- interfaces --- */

const struct td_idl *td_service_interface(const struct td_service *service, const char *name)
{
	TD_CHECK(service, MAGIC);
	for (size_t i = 0; i < service->n_interfaces; i++)
		if (strcmp(td_idl_name(service->interfaces[i]), name) == 0)
			return service->interfaces[i];
	return NULL;
}

int td_service_add_interface(struct td_service *service, const char *text,
			     struct td_failure *failure)
{
	struct td_idl *idl;
	size_t place;
	int r;

	TD_CHECK(service, MAGIC);
	td_assert(service->n_interfaces < INTERFACES_MAX);
	r = td_idl_parse(text, &idl, failure);
	if (r < 0)
		return r;
	if (td_service_interface(service, td_idl_name(idl)) != NULL) {
		r = td_fail(failure, -TASKD_EEXIST, td_idl_name(idl),
			    "the interface %s is there already", td_idl_name(idl));
		td_idl_free(idl);
		return r;
	}
	for (place = service->n_interfaces; place > 0; place--) {
		if (strcmp(td_idl_name(service->interfaces[place - 1]), td_idl_name(idl)) < 0)
			break;
		service->interfaces[place] = service->interfaces[place - 1];
	}
	service->interfaces[place] = idl;
	service->n_interfaces++;
	return 0;
}

/* The interface of a full name; *ret_member is what stands after the last dot. NULL: none. */
static const struct td_idl *split(const struct td_service *service, const char *name,
				  const char **ret_member)
{
	const char *dot = strrchr(name, '.');
	char interface[NAME_MAX_BYTES];

	if (dot == NULL || (size_t)(dot - name) >= sizeof(interface))
		return NULL;
	memcpy(interface, name, (size_t)(dot - name));
	interface[dot - name] = '\0';
	*ret_member = dot + 1;
	return td_service_interface(service, interface);
}

const struct td_idl_member *td_service_find_error(const struct td_service *service,
						  const char *name)
{
	const char *member;
	const struct td_idl *idl = split(service, name, &member);

	return idl != NULL ? td_idl_find(idl, TD_IDL_ERROR, member) : NULL;
}

/* --- methods --- */

static int add_method(struct td_service *service, const struct td_method *method, void *data,
		      struct td_failure *failure)
{
	const char *name;
	const struct td_idl *idl = split(service, method->name, &name);
	const struct td_idl_member *member =
		idl != NULL ? td_idl_find(idl, TD_IDL_METHOD, name) : NULL;
	struct td_service_method *entry;
	int r;

	if (member == NULL)
		return td_fail(failure, -TASKD_EINVAL, method->name,
			       "no interface has the method %s", method->name);
	entry = td_mem_new(sizeof(*entry));
	if (entry == NULL)
		return td_fail(failure, -TASKD_ENOMEM, method->name, "out of memory");
	*entry = (struct td_service_method){
		.member = member, .handler = method->handler, .flags = method->flags, .data = data};
	r = td_map_add(service->methods, method->name, entry);
	if (r < 0) {
		td_mem_free(entry);
		return td_fail(failure, r, method->name, "cannot add the method %s: %s",
			       method->name, taskd_strerror(r));
	}
	return 0;
}

int td_service_add_methods(struct td_service *service, const struct td_method *methods, size_t n,
			   void *data, struct td_failure *failure)
{
	TD_CHECK(service, MAGIC);
	for (size_t i = 0; i < n; i++) {
		int r = add_method(service, &methods[i], data, failure);

		if (r < 0)
			return r;
	}
	return 0;
}

const struct td_service_method *td_service_find(const struct td_service *service, const char *name,
						const char **ret_error, const char **ret_key)
{
	const struct td_service_method *method;
	const struct td_idl *idl;
	const char *member;

	TD_CHECK(service, MAGIC);
	method = td_map_get(service->methods, name);
	if (method != NULL)
		return method;
	idl = split(service, name, &member);
	*ret_key = "method";
	if (idl != NULL && td_idl_find(idl, TD_IDL_METHOD, member) != NULL) {
		*ret_error = "org.varlink.service.MethodNotImplemented";
	} else if (idl != NULL || strchr(name, '.') == NULL) {
		*ret_error = "org.varlink.service.MethodNotFound";
	} else {
		*ret_error = "org.varlink.service.InterfaceNotFound";
		*ret_key = "interface";
	}
	return NULL;
}

const char *td_service_missing(const struct td_service *service, char *buffer, size_t size)
{
	TD_CHECK(service, MAGIC);
	for (size_t i = 0; i < service->n_interfaces; i++) {
		size_t n;
		const struct td_idl_member *members = td_idl_members(service->interfaces[i], &n);

		for (size_t j = 0; j < n; j++) {
			struct td_strbuf name = TD_STRBUF_INIT;
			bool is_there;

			if (members[j].kind != TD_IDL_METHOD)
				continue;
			td_strbuf_addf(&name, "%s.%s", td_idl_name(service->interfaces[i]),
				       members[j].name);
			is_there = td_map_get(service->methods, td_strbuf_text(&name)) != NULL;
			td_strbuf_fini(&name);
			if (is_there)
				continue;
			(void)snprintf(buffer, size, "%s.%s", td_idl_name(service->interfaces[i]),
				       members[j].name); /* a cut name will do */
			return buffer;
		}
	}
	return NULL;
}

/* --- org.varlink.service --- */

static void write_info(struct td_json_writer *w, void *data)
{
	const struct td_service *service = data;

	td_json_add_string(w, "vendor", service->info.vendor);
	td_json_add_string(w, "product", service->info.product);
	td_json_add_string(w, "version", service->info.version);
	td_json_add_string(w, "url", service->info.url);
	td_json_begin_array(w, "interfaces");
	for (size_t i = 0; i < service->n_interfaces; i++)
		td_json_add_string(w, NULL, td_idl_name(service->interfaces[i]));
	td_json_end_array(w);
}

static int get_info(struct td_call *call, struct td_failure *failure, void *data)
{
	(void)failure; /* it cannot fail */
	td_call_reply_with(call, write_info, data);
	return 0;
}

static void write_description(struct td_json_writer *w, void *data)
{
	const struct td_idl *idl = data;

	td_json_add_string(w, "description", td_idl_text(idl));
}

static int get_description(struct td_call *call, struct td_failure *failure, void *data)
{
	const char *name = td_json_text_or(td_call_parameters(call), "interface", "");
	const struct td_idl *idl = td_service_interface(data, name);

	(void)failure; /* the error of the protocol is given instead */
	if (idl == NULL)
		td_call_error_text(call, "org.varlink.service.InterfaceNotFound", "interface",
				   name);
	else
		td_call_reply_with(call, write_description, (void *)idl);
	return 0;
}
