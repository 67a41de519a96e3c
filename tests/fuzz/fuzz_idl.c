/* SPDX-License-Identifier: MIT */
/*
 * Interface texts from any bytes. What is accepted must, printed, be accepted again and print the
 * same; what is refused must say why.
 */
#include <stdint.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "wire/idl.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char *print(const struct td_idl *idl)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	td_idl_print(idl, &buf);
	return td_strbuf_take(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct td_failure failure = {.code = 0};
	struct td_idl *idl = NULL, *again = NULL;
	char *text = td_mem_strndup((const char *)bytes, size), *once, *twice;
	int r = td_idl_parse(text, &idl, &failure);

	td_assert(r == 0 || r == -TASKD_EINVAL);
	td_assert((r < 0) == (failure.text[0] != '\0'));
	td_mem_free(text);
	if (r < 0)
		return 0;
	once = print(idl);
	td_assert(once != NULL);
	/* Indented, a text of nearly the largest size may become too large. */
	if (strlen(once) <= TD_IDL_TEXT_MAX) {
		td_assert(td_idl_parse(once, &again, &failure) == 0);
		twice = print(again);
		td_assert(twice != NULL && strcmp(once, twice) == 0);
		td_mem_free(twice);
	}
	td_mem_free(once);
	td_idl_free(idl);
	td_idl_free(again);
	return 0;
}
