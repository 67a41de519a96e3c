/* SPDX-License-Identifier: MIT */
/* The list of what is wrong with a configuration. */
#include "base/mem.h"
#include "base/utf8.h"
#include "daemon/config.h"

#define ERROR_TEXT 1000 /* bytes of one error; cut when longer */

void td_config_error(struct td_config_errors *errors, const char *file, unsigned line,
		     const char *format, ...)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	char clean[ERROR_TEXT];
	va_list args;

	if (errors->n == TD_CONFIG_ERRORS_MAX) {
		errors->n_more++;
		return;
	}
	if (file != NULL && line > 0)
		td_strbuf_addf(&text, "%s:%u: ", file, line);
	else if (file != NULL)
		td_strbuf_addf(&text, "%s: ", file);
	va_start(args, format);
	td_strbuf_addv(&text, format, args);
	va_end(args);
	(void)td_utf8_clean(clean, sizeof(clean), td_strbuf_text(&text), text.length);
	errors->texts[errors->n] = td_strbuf_ok(&text) ? td_mem_strdup(clean) : NULL;
	if (errors->texts[errors->n] != NULL)
		errors->n++;
	else
		errors->n_more++;
	td_strbuf_fini(&text);
}

void td_config_errors_fini(struct td_config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		td_mem_free(errors->texts[i]);
	*errors = (struct td_config_errors){0};
}
