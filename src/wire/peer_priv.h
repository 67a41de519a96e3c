/* SPDX-License-Identifier: MIT */
/* The inside of a connection, shared by the stream (peer.c) and the answers (call.c). */
#ifndef TD_WIRE_PEER_PRIV_H
#define TD_WIRE_PEER_PRIV_H

#include <stdint.h>

#include "base/strbuf.h"
#include "wire/frame.h"
#include "wire/peer.h"
#include "wire/service_priv.h"

#define TD_CALL_MAGIC 0x63616c6cu

struct td_peer {
	uint32_t magic;
	struct td_service *service; /* borrowed */
	td_peer_ready *ready;
	void *data; /* borrowed; for `ready` and td_peer_data() */
	struct td_frame input;
	struct td_strbuf output;
	size_t output_start;       /* what stands before it was taken */
	struct td_call *call;      /* owned; the one under way, or NULL */
	struct td_failure failure; /* code 0: good */
	bool running;              /* handlers may be on the stack */
};

struct td_call {
	uint32_t magic;
	struct td_peer *peer;                  /* borrowed; outlives the call */
	struct td_json *message;               /* owned */
	const char *method;                    /* borrowed from message */
	const struct td_json *parameters;      /* borrowed from message, or NULL */
	const struct td_service_method *entry; /* NULL: there is no such method */
	bool oneway, more, upgrade;
	bool is_gone; /* its td_call_gone runs */
	td_call_gone *gone;
	void *gone_data;
};

/* Makes a call of a message, which it owns, also when it fails. Errors: -TASKD_EPROTO: the message
 * breaks the protocol; -TASKD_ENOMEM. */
int td_call_new(struct td_peer *peer, struct td_json *message, struct td_call **ret_call,
		struct td_failure *failure);
/* Hands a call to its handler, or answers it with an error. */
void td_call_dispatch(struct td_call *call);
/* Frees a call; one that was not answered is told so first. */
struct td_call *td_call_free(struct td_call *call);

/* Takes the answered call from its peer and frees it. */
void td_peer_finish_call(struct td_peer *peer);
/* Says that output was added from the length `before` on. */
void td_peer_wrote(struct td_peer *peer, size_t before);

#endif
