/* SPDX-License-Identifier: MIT */
/* The report of a stop: who ended in time, who was aborted, who could not be stopped. */
#include "cli/render.h"

#include <inttypes.h>
#include <string.h>

#include "base/assert.h"
#include "cli/table.h"
#include "cli/view.h"

enum report_column { REPORT_FATE, REPORT_PATH, REPORT_ID, REPORT_OUTCOME, REPORT_TOOK, REPORT_WHY };

static const struct td_column report_columns[] = {
	[REPORT_FATE] = {.title = ""},
	[REPORT_PATH] = {.title = ""},
	[REPORT_ID] = {.title = "", .right = true, .rank = 3},
	[REPORT_OUTCOME] = {.title = "", .rank = 1},
	[REPORT_TOOK] = {.title = "", .right = true, .rank = 2},
	[REPORT_WHY] = {.title = "", .stretch = true, .min = 12, .rank = 4},
};

/* What a stop made of a task; the worst is printed first. */
enum fate { FATE_CONDEMNED, FATE_ABORTED, FATE_DRAINED, FATE_COUNT };

static const struct {
	const char *word, *mark, *ascii;
	enum td_tone tone;
} fates[FATE_COUNT] = {
	[FATE_CONDEMNED] = {"condemned", "▲", "!", TD_TONE_WORST},
	[FATE_ABORTED] = {"aborted", "■", "#", TD_TONE_WARN},
	[FATE_DRAINED] = {"drained", "✓", "+", TD_TONE_GOOD},
};

static enum fate fate_of(const struct td_json *stopped)
{
	const char *outcome = td_json_text_or(stopped, "outcome", "");

	if (strcmp(outcome, "condemned") == 0)
		return FATE_CONDEMNED;
	return strcmp(outcome, "aborted") == 0 ? FATE_ABORTED : FATE_DRAINED;
}

static void fate_row(const struct td_style *style, struct td_table *table, enum fate fate,
		     const struct td_json *stopped)
{
	const char *outcome = td_json_text_or(stopped, "outcome", "");
	const char *why = td_json_text_or(stopped, "message", NULL);
	int64_t id = td_json_int_or(stopped, "id", TD_VIEW_NONE);
	int64_t took_us = td_json_int_or(stopped, "tookUsec", TD_VIEW_NONE);
	char span[TD_TEXT_SIZE];

	td_table_row(table);
	td_table_cellf(table, REPORT_FATE, fates[fate].tone, "  %s %s",
		       style->utf8 ? fates[fate].mark : fates[fate].ascii, fates[fate].word);
	td_table_cell(table, REPORT_PATH, TD_TONE_PLAIN, td_json_text_or(stopped, "path", "?"));
	if (id != TD_VIEW_NONE)
		td_table_cellf(table, REPORT_ID, TD_TONE_FAINT, "#%" PRId64, id);
	if (took_us != TD_VIEW_NONE)
		td_table_cellf(table, REPORT_TOOK, TD_TONE_FAINT, "after %s",
			       td_text_span(took_us, span));
	/* How a task ended that ended by itself; of the others the first word says it. */
	if (fate == FATE_DRAINED)
		td_table_cell(table, REPORT_OUTCOME,
			      strcmp(outcome, "failed") == 0 ? TD_TONE_BAD : TD_TONE_FAINT,
			      outcome);
	if (why != NULL)
		td_table_cell(table, REPORT_WHY, TD_TONE_PLAIN, why);
}

/* "jobs stopped in 2.3s: 1 condemned, 1 aborted, 3 drained" and where the time went. */
static void report_head(const struct td_style *style, struct td_strbuf *out,
			const struct td_json *report, const char *what, const size_t n[FATE_COUNT])
{
	const char *result = td_json_text_or(report, "result", "");
	char took[TD_TEXT_SIZE], grace[TD_TEXT_SIZE], drain[TD_TEXT_SIZE], abort_[TD_TEXT_SIZE];
	enum td_tone tone = strcmp(result, "condemned") == 0 ? TD_TONE_WORST
			    : strcmp(result, "aborted") == 0 ? TD_TONE_WARN
							     : TD_TONE_GOOD;
	bool any = false;

	td_style_put(style, out, TD_TONE_STRONG, what);
	td_strbuf_addf(
		out, " stopped in %s: ", td_text_span(td_json_int_or(report, "tookUsec", 0), took));
	td_style_put(style, out, tone, result);
	for (size_t f = 0; f < FATE_COUNT; f++)
		if (n[f] > 0) {
			td_strbuf_addf(out, "%s%zu %s", any ? ", " : " (", n[f], fates[f].word);
			any = true;
		}
	td_strbuf_adds(out, any ? ")\n" : "\n");
	td_strbuf_addf(out, "  grace %s, draining took %s",
		       td_text_span(td_json_int_or(report, "graceUsec", 0), grace),
		       td_text_span(td_json_int_or(report, "drainUsec", 0), drain));
	if (tone != TD_TONE_GOOD)
		td_strbuf_addf(out, ", aborting took %s",
			       td_text_span(td_json_int_or(report, "abortUsec", 0), abort_));
	td_strbuf_addc(out, '\n');
}

void td_render_report(const struct td_style *style, struct td_strbuf *out,
		      const struct td_json *report, const char *what)
{
	const struct td_json *tasks = td_json_get(report, "tasks"), *i;
	struct td_table *table = td_table_new(style, report_columns, TD_ARRAY_SIZE(report_columns));
	int64_t more = td_json_int_or(report, "more", 0);
	size_t n[FATE_COUNT] = {0};

	TD_JSON_FOREACH (i, tasks)
		n[fate_of(i)]++;
	report_head(style, out, report, what, n);
	for (size_t f = 0; f < FATE_COUNT; f++)
		TD_JSON_FOREACH (i, tasks)
			if ((size_t)fate_of(i) == f)
				fate_row(style, table, (enum fate)f, i);
	td_table_print(table, out, false);
	if (more > 0)
		td_strbuf_addf(out, "  and %" PRId64 " more\n", more);
	td_table_free(table);
}
