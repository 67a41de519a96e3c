/* SPDX-License-Identifier: MIT */
/* The fields of a journal record; owns nothing but what a caller holds, and sends nothing. */
#include "daemon/sd_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/strbuf.h"

/* Each stands in contrib/systemd/taskd.catalog too, with what an operator can do about it. */
static const struct {
	const char *kind, *id;
} message_ids[] = {
	{"spawned", "1eb65e3f89364daa9bb5f397270c44ff"},
	{"started", "5e8b9cba101042fa9653588bcc7e606f"},
	{"ended", "1a8fec1342fd45a881ee7d01a9a14f40"},
	{"cancel", "a98d8465db3c484184cb17c91f44caa6"},
	{"output", "8df6ac8432914ab29b51eca89bcb2344"},
	{"log", "48a1709a0c4248c4a323b8b8dbe03e13"},
	{"state", "46246606448a45d8b57a1d6527b53932"},
	{"forced", "b415b0330bff48ac9a9a40f4c264d78a"},
	{"condemned", "1eb69fe88f0f4e7b9444cfb4b409443c"},
	{"hog", "410ae0e8cc84447c984df8e349fac51e"},
	{"stop", "c4f61889886d49c996940ee90a10b062"},
	{"daemon", "1f3567b0c4c241aebf9e7e66e8a71433"},
	{"missed", "194c21b693d346cda16d75505dafc309"},
	{"lost", "a041c88926aa45b1a3039456f7a45a45"},
};

const char *td_sd_message_id(const char *kind)
{
	for (size_t i = 0; kind != NULL && i < TD_ARRAY_SIZE(message_ids); i++)
		if (strcmp(message_ids[i].kind, kind) == 0)
			return message_ids[i].id;
	return NULL;
}

/* The fields while they are being made. */
struct rendering {
	struct td_strbuf text;
	size_t n;
};

static void add(struct rendering *rendering, const char *name, const char *value, size_t length)
{
	if (rendering->n == TD_SD_FIELDS_MAX)
		return;
	td_strbuf_addf(&rendering->text, "%s=", name);
	td_strbuf_add(&rendering->text, value, length);
	td_strbuf_addc(&rendering->text, '\0');
	rendering->n++;
}

static void add_text(struct rendering *rendering, const char *name, const char *value)
{
	if (value != NULL)
		add(rendering, name, value, strlen(value));
}

static void add_number(struct rendering *rendering, const char *name, uint64_t value)
{
	char digits[24];

	if (value == 0)
		return;
	(void)snprintf(digits, sizeof(digits), "%" PRIu64, value); /* 20 digits at most */
	add_text(rendering, name, digits);
}

/* "a.b/task" is below "a.b", "a" and "/"; so is the group "a.b" itself. */
static void add_groups(struct rendering *rendering, const char *node)
{
	size_t length = strcspn(node, "/");

	while (length > 0) {
		add(rendering, "TASKD_GROUP", node, length);
		while (length > 0 && node[length - 1] != '.')
			length--;
		length -= length > 0; /* the dot itself */
	}
	add_text(rendering, "TASKD_GROUP", "/");
}

int td_sd_record_render(const struct td_sd_record *record, struct td_sd_fields *ret_fields)
{
	struct rendering rendering = {0};
	char priority[2] = {(char)('0' + (record->priority & 7)), '\0'};
	size_t length;

	td_assert(record->message != NULL);
	add_text(&rendering, "MESSAGE", record->message);
	add_text(&rendering, "PRIORITY", priority);
	add_text(&rendering, "SYSLOG_IDENTIFIER", "taskd");
	add_text(&rendering, "MESSAGE_ID", td_sd_message_id(record->kind));
	add_text(&rendering, "TASKD_KIND", record->kind);
	add_text(&rendering, "TASKD_NODE", record->node);
	if (record->node != NULL)
		add_groups(&rendering, record->node);
	add_number(&rendering, "TASKD_TASK_ID", record->task_id);
	add_text(&rendering, "TASKD_RUN_ID", record->run_id);
	add_text(&rendering, "TASKD_OUTCOME", record->outcome);
	add_number(&rendering, "TASKD_SEQ", record->sequence);
	add_number(&rendering, "TASKD_LOST", record->lost);
	length = rendering.text.length;
	if (!td_strbuf_ok(&rendering.text)) {
		td_strbuf_fini(&rendering.text);
		return -TASKD_ENOMEM;
	}
	*ret_fields = (struct td_sd_fields){
		.bytes = td_strbuf_take(&rendering.text),
		.length = length,
		.n = rendering.n,
	};
	return 0;
}

void td_sd_fields_fini(struct td_sd_fields *fields)
{
	fields->bytes = td_mem_free(fields->bytes);
	fields->length = fields->n = 0;
}

int td_sd_fields_vector(const struct td_sd_fields *fields,
			struct iovec ret_vector[TD_SD_FIELDS_MAX])
{
	char *at = fields->bytes, *end = fields->bytes + fields->length;
	int n = 0;

	td_assert(fields->n <= TD_SD_FIELDS_MAX);
	while (at < end && n < TD_SD_FIELDS_MAX) {
		size_t length = strlen(at);

		ret_vector[n++] = (struct iovec){.iov_base = at, .iov_len = length};
		at += length + 1;
	}
	return n;
}
