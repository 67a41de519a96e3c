/* SPDX-License-Identifier: MIT */
/*
 * Aligned columns that adapt to the width they have: empty columns vanish, the one that can
 * stretch is cut first, then the least important ones go.
 */
#ifndef TD_CLI_TABLE_H
#define TD_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "cli/style.h"

struct td_column {
	const char *title;
	bool right;   /* aligned to the right */
	bool stretch; /* may be cut down to `min` */
	int min;      /* columns that it needs to be of use */
	int rank;     /* 0: always there; the highest goes first */
};

struct td_table;

/* Errors stick (out of memory): the print then fails. Owns: `columns` is borrowed for its life. */
struct td_table *td_table_new(const struct td_style *style, const struct td_column *columns,
			      size_t n_columns);
struct td_table *td_table_free(struct td_table *table);
/* Begins a row; the calls that follow fill it in. Cells that are not set are empty. */
void td_table_row(struct td_table *table);
void td_table_cell(struct td_table *table, size_t column, enum td_tone tone, const char *text);
void td_table_cellf(struct td_table *table, size_t column, enum td_tone tone, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));
/* The same with a text that was built for it; the buffer is empty afterwards. */
void td_table_cell_take(struct td_table *table, size_t column, enum td_tone tone,
			struct td_strbuf *text);
/* Faint text before the text of a cell. */
void td_table_lead_take(struct td_table *table, size_t column, struct td_strbuf *text);
/* Text from the second column of a row to its end, in place of its cells; widens nothing. */
void td_table_note_take(struct td_table *table, enum td_tone tone, struct td_strbuf *text);
/* For what is drawn again and again: no column becomes narrower than widths[column] (where there
 * is room), and the print leaves the new widths there. `widths` is borrowed; NULL: for once. */
void td_table_keep(struct td_table *table, size_t *widths);
/* Sorts nothing; appends all rows, with a line of titles first when `titles`. */
void td_table_print(struct td_table *table, struct td_strbuf *out, bool titles);

#endif
