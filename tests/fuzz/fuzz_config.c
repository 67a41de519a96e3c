/* SPDX-License-Identifier: MIT */
/*
 * The configuration from any bytes: parsed, checked and printed. What is accepted must, printed,
 * be accepted again and print the same; what is refused must say why.
 */
#include <stdint.h>
#include <string.h>

#include <taskd/plugin.h>

#include "base/assert.h"
#include "base/mem.h"
#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct taskd_param params[] = {
	{.name = "command",
	 .type = TASKD_PARAM_LIST,
	 .flags = TASKD_PARAM_REQUIRED,
	 .help = "Words."},
	{.name = "text", .type = TASKD_PARAM_STRING, .help = "A text."},
	{.name = "count", .type = TASKD_PARAM_INTEGER, .help = "A number.", .min = -5, .max = 5},
	{.name = "deep", .type = TASKD_PARAM_BOOLEAN, .fallback = "yes", .help = "A flag."},
	{.name = "pause", .type = TASKD_PARAM_DURATION, .help = "A time."},
	{.name = "room", .type = TASKD_PARAM_SIZE, .help = "A size."},
	{.name = "path", .type = TASKD_PARAM_PATH, .help = "A path."},
	{.name = "metric", .type = TASKD_PARAM_ENUM, .help = "What.", .choices = "load memory"},
	{.name = NULL},
};
static const struct taskd_plugin exec_plugin = {.name = "exec", .params = params};

static const struct taskd_plugin *find(const char *name, struct td_failure *failure, void *data)
{
	(void)data;
	if (strcmp(name, "exec") == 0)
		return &exec_plugin;
	(void)td_fail(failure, -TASKD_ENOPLUGIN, name, "there is no plugin \"%s\"", name);
	return NULL;
}

/* The printed configuration without comments, which name files and lines. */
static char *print(const struct td_config *config, bool comments)
{
	struct td_strbuf all = TD_STRBUF_INIT, plain = TD_STRBUF_INIT;

	td_config_print(config, &all);
	for (const char *line = td_strbuf_text(&all); *line != '\0';) {
		size_t length = strcspn(line, "\n") + 1;

		if (comments || line[0] != '#')
			td_strbuf_add(&plain, line, length);
		line += length;
	}
	td_strbuf_fini(&all);
	return td_strbuf_take(&plain);
}

static void check_round_trip(const struct td_config *config)
{
	struct td_config_errors errors = {0};
	char *whole = print(config, true), *first = print(config, false), *second;
	struct td_config *again;

	td_assert(whole != NULL && first != NULL);
	/* The print of a large file, with all its defaults, may be too large to be one. */
	if (strlen(whole) <= TD_CONFIG_FILE_MAX) {
		again = td_config_parse("again", whole, strlen(whole), &errors);
		td_assert(again != NULL);
		second = print(again, false);
		td_assert(second != NULL && strcmp(first, second) == 0);
		td_mem_free(second);
		td_config_free(again);
	}
	td_mem_free(whole);
	td_mem_free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct td_config_plugins plugins = {
		.find = find, .state = "/state dir", .socket = "/run/s"};
	const struct td_config_check_options options = {.stop_limit_ns = 90 * TASKD_SEC};
	struct td_config_errors errors = {0};
	struct td_config *config = td_config_parse("fuzz", bytes, size, &errors);

	td_assert((config == NULL) == (errors.n + errors.n_more > 0));
	if (config != NULL) {
		(void)td_config_check(config, &options, &errors);
		(void)td_config_check_plugins(config, &plugins, &errors);
		check_round_trip(config);
	}
	td_config_errors_fini(&errors);
	td_config_free(config);
	return 0;
}
