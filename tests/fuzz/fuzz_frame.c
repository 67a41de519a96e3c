/* SPDX-License-Identifier: MIT */
/*
 * A connection to the control interface from any bytes. However the bytes are cut into reads, the
 * same replies must come, and all of them by the rules, which the service checks itself.
 */
#include <stdint.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "wire/idl.h"
#include "wire/interfaces.h"
#include "wire/peer.h"
#include "wire/service.h"

#define SIZE_MAX_INPUT 65536 /* bytes; larger inputs find nothing more */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int handle(struct td_call *call, struct td_failure *failure, void *data)
{
	(void)data;
	return td_fail(failure, -TASKD_ENOGROUP, "a.b", "%s is busy", td_call_method(call));
}

static struct td_service *make_service(void)
{
	static const struct td_service_info info = {.vendor = "v",
						    .product = "p",
						    .version = "1",
						    .url = "",
						    .error_interface = TD_MANAGER_INTERFACE};
	struct td_service *service = td_service_new(&info);
	char name[100];

	td_service_check_replies(service, true);
	td_assert(td_service_add_interface(service, td_interface_io_taskd_Manager, NULL) == 0);
	while (td_service_missing(service, name, sizeof(name)) != NULL) {
		struct td_method method = {.name = name, .handler = handle};

		td_assert(td_service_add_methods(service, &method, 1, NULL, NULL) == 0);
	}
	return service;
}

static void on_ready(struct td_peer *peer, void *data)
{
	(void)peer;
	(void)data;
}

/* Takes all output, and lets those calls run that waited for room. */
static void drain(struct td_peer *peer, struct td_strbuf *all)
{
	const char *bytes;
	size_t n;

	for (td_peer_output(peer, &bytes, &n); n > 0; td_peer_output(peer, &bytes, &n)) {
		td_strbuf_add(all, bytes, n);
		(void)td_peer_consumed(peer, n); /* the failure stays in the peer */
	}
}

/* Feeds all bytes in reads of at most `step`. Returns: all replies and the failure. */
static char *run(struct td_service *service, const char *bytes, size_t size, size_t step, size_t *n)
{
	struct td_peer *peer = td_peer_new(service, on_ready, NULL);
	struct td_strbuf all = TD_STRBUF_INIT;
	int r = 0;

	for (size_t at = 0; at < size && r == 0; at += step) {
		r = td_peer_receive(peer, bytes + at, size - at < step ? size - at : step);
		drain(peer, &all);
	}
	td_assert(r == td_peer_failure(peer)->code || r == 0);
	td_strbuf_adds(&all, td_peer_failure(peer)->text);
	td_peer_free(peer);
	*n = all.length;
	return td_strbuf_take(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const size_t steps[] = {1, 7, 4096};
	static struct td_service *service;
	size_t n_whole, n_cut;
	char *whole, *cut;

	if (size > SIZE_MAX_INPUT)
		return 0;
	if (service == NULL)
		service = make_service();
	whole = run(service, (const char *)bytes, size, SIZE_MAX_INPUT, &n_whole);
	for (size_t i = 0; i < TD_ARRAY_SIZE(steps); i++) {
		cut = run(service, (const char *)bytes, size, steps[i], &n_cut);
		td_assert(n_whole == n_cut && memcmp(whole, cut, n_whole) == 0);
		td_mem_free(cut);
	}
	td_mem_free(whole);
	return 0;
}
