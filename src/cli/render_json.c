/* SPDX-License-Identifier: MIT */
/* JSON over several lines, for people. */
#include "cli/render.h"

#define DEPTH_MAX 64 /* levels that are indented; the parser admits fewer */

static void put_value(const struct td_style *style, struct td_strbuf *out,
		      const struct td_json *value, int depth);

/* A text or a number as JSON has it; keys too. */
static void put_scalar(const struct td_style *style, struct td_strbuf *out, enum td_tone tone,
		       const struct td_json *value, const char *key)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&text);

	if (key != NULL)
		td_json_add_string(&w, NULL, key);
	else
		td_json_add_value(&w, NULL, value);
	td_style_take(style, out, tone, &text);
}

static void put_members(const struct td_style *style, struct td_strbuf *out,
			const struct td_json *value, int depth)
{
	const struct td_json *i;
	int indent = 2 * (depth + 1);

	TD_JSON_FOREACH (i, value) {
		td_strbuf_addf(out, "%s%*s", i == td_json_first(value) ? "\n" : ",\n", indent, "");
		if (td_json_key(i) != NULL) {
			put_scalar(style, out, TD_TONE_STRONG, NULL, td_json_key(i));
			td_strbuf_adds(out, ": ");
		}
		put_value(style, out, i, depth + 1);
	}
	if (td_json_first(value) != NULL)
		td_strbuf_addf(out, "\n%*s", 2 * depth, "");
}

static void put_value(const struct td_style *style, struct td_strbuf *out,
		      const struct td_json *value, int depth)
{
	enum td_json_type type = td_json_type(value);

	if ((type != TD_JSON_OBJECT && type != TD_JSON_ARRAY) || depth >= DEPTH_MAX) {
		put_scalar(style, out, type == TD_JSON_STRING ? TD_TONE_GOOD : TD_TONE_PLAIN, value,
			   NULL);
		return;
	}
	td_strbuf_addc(out, type == TD_JSON_OBJECT ? '{' : '[');
	put_members(style, out, value, depth);
	td_strbuf_addc(out, type == TD_JSON_OBJECT ? '}' : ']');
}

void td_render_json(const struct td_style *style, struct td_strbuf *out,
		    const struct td_json *value)
{
	put_value(style, out, value, 0);
	td_strbuf_addc(out, '\n');
}
