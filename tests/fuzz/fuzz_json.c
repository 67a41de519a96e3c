/* SPDX-License-Identifier: MIT */
/*
 * JSON from any bytes. What is accepted must, written, be accepted again and be written the same;
 * what is refused must say why.
 */
#include <stdint.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *write_again(const struct td_json *json)
{
	struct td_strbuf buf = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&buf);

	td_json_add_value(&w, NULL, json);
	return td_strbuf_take(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct td_failure failure = {.code = 0};
	struct td_json *json = NULL, *again = NULL;
	int r = td_json_parse((const char *)bytes, size, &json, &failure);
	char *once, *twice;

	td_assert(r == 0 || r == -TASKD_EPROTO);
	td_assert((r < 0) == (failure.text[0] != '\0'));
	if (r < 0)
		return 0;
	once = write_again(json);
	td_assert(once != NULL);
	td_assert(td_json_parse(once, strlen(once), &again, &failure) == 0);
	twice = write_again(again);
	td_assert(twice != NULL && strcmp(once, twice) == 0);
	td_mem_free(once);
	td_mem_free(twice);
	td_json_free(json);
	td_json_free(again);
	return 0;
}
