/* SPDX-License-Identifier: MIT */
/* The stream of one connection: what came in, what waits, what goes out. */
#include "wire/peer.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "wire/json.h"
#include "wire/peer_priv.h"

#define MAGIC 0x70656572u
#define KEEP_MAX 65536 /* bytes; an idle connection holds no more output memory */

struct td_peer *td_peer_new(struct td_service *service, td_peer_ready *ready, void *data)
{
	struct td_peer *peer = td_mem_new(sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->service = service;
	peer->ready = ready;
	peer->data = data;
	peer->input = TD_FRAME_INIT(TD_FRAME_CALL_MAX);
	peer->magic = MAGIC;
	return peer;
}

struct td_peer *td_peer_free(struct td_peer *peer)
{
	if (peer == NULL)
		return NULL;
	TD_CHECK(peer, MAGIC);
	td_assert(!peer->running);
	td_call_free(TD_TAKE(peer->call));
	peer->magic = 0;
	td_frame_fini(&peer->input);
	td_strbuf_fini(&peer->output);
	return td_mem_free(peer);
}

void *td_peer_data(const struct td_peer *peer)
{
	TD_CHECK(peer, MAGIC);
	return peer->data;
}

const struct td_failure *td_peer_failure(const struct td_peer *peer)
{
	TD_CHECK(peer, MAGIC);
	return &peer->failure;
}

/* --- input --- */

static void handle_message(struct td_peer *peer, const char *text, size_t length)
{
	struct td_json *message;

	if (td_json_parse(text, length, &message, &peer->failure) < 0 ||
	    td_call_new(peer, message, &peer->call, &peer->failure) < 0)
		return;
	td_call_dispatch(peer->call);
}

int td_peer_run(struct td_peer *peer)
{
	TD_CHECK(peer, MAGIC);
	td_assert(!peer->running);
	peer->running = true;
	while (peer->failure.code == 0 && peer->call == NULL &&
	       td_peer_backlog(peer) <= TD_PEER_OUTPUT_HIGH) {
		const char *text;
		size_t length;
		int r = td_frame_next(&peer->input, &text, &length);

		if (r < 0)
			td_fail(&peer->failure, r, NULL, "a call is larger than %u bytes",
				TD_FRAME_CALL_MAX);
		if (r <= 0)
			break;
		handle_message(peer, text, length);
	}
	peer->running = false;
	if (td_frame_waiting(&peer->input) > TD_PEER_QUEUE_MAX)
		td_fail(&peer->failure, -TASKD_EPROTO, NULL, "more than %u bytes of calls wait",
			TD_PEER_QUEUE_MAX);
	return peer->failure.code;
}

int td_peer_receive(struct td_peer *peer, const char *bytes, size_t n)
{
	TD_CHECK(peer, MAGIC);
	if (peer->failure.code < 0)
		return peer->failure.code;
	if (td_frame_add(&peer->input, bytes, n) < 0)
		return td_fail(&peer->failure, -TASKD_ENOMEM, NULL, "out of memory for a call");
	return td_peer_run(peer);
}

bool td_peer_is_full(const struct td_peer *peer)
{
	TD_CHECK(peer, MAGIC);
	return (peer->call != NULL || td_peer_backlog(peer) > TD_PEER_OUTPUT_HIGH) &&
	       td_frame_waiting(&peer->input) >= TD_PEER_QUEUE_HIGH;
}

bool td_peer_is_busy(const struct td_peer *peer)
{
	TD_CHECK(peer, MAGIC);
	return peer->call != NULL || td_frame_waiting(&peer->input) > 0;
}

/* --- output --- */

void td_peer_finish_call(struct td_peer *peer)
{
	struct td_call *call = TD_TAKE(peer->call);

	/* It was answered: there is nothing to be told about its end. */
	call->gone = NULL;
	td_call_free(call);
}

void td_peer_wrote(struct td_peer *peer, size_t before)
{
	bool is_first = before == peer->output_start && peer->output.length > before;
	bool has_work = !peer->running && peer->call == NULL && td_frame_waiting(&peer->input) > 0;

	if (!td_strbuf_ok(&peer->output) && peer->failure.code == 0) {
		td_fail(&peer->failure, -TASKD_ENOMEM, NULL, "out of memory for a reply");
		is_first = true;
	}
	if (is_first || has_work)
		peer->ready(peer, peer->data);
}

void td_peer_output(const struct td_peer *peer, const char **ret_bytes, size_t *ret_n)
{
	TD_CHECK(peer, MAGIC);
	*ret_bytes = td_strbuf_text(&peer->output) + peer->output_start;
	*ret_n = td_peer_backlog(peer);
}

size_t td_peer_backlog(const struct td_peer *peer)
{
	TD_CHECK(peer, MAGIC);
	return peer->output.length - peer->output_start;
}

/* Gives back the room of what was taken, once it is worth the copy. */
static void shrink_output(struct td_peer *peer)
{
	struct td_strbuf *output = &peer->output;
	size_t left = output->length - peer->output_start;

	if (left == 0 && output->capacity > KEEP_MAX)
		td_strbuf_fini(output);
	else if (left == 0)
		td_strbuf_reset(output);
	else if (peer->output_start < KEEP_MAX || peer->output_start < left)
		return;
	else
		memmove(output->text, output->text + peer->output_start, left + 1);
	output->length = left;
	peer->output_start = 0;
}

int td_peer_consumed(struct td_peer *peer, size_t n)
{
	TD_CHECK(peer, MAGIC);
	td_assert(n <= td_peer_backlog(peer));
	peer->output_start += n;
	if (peer->failure.code < 0)
		return peer->failure.code;
	shrink_output(peer);
	return td_peer_run(peer);
}
