/* SPDX-License-Identifier: MIT */
/* Aligned columns: collects cells, settles the widths, prints. */
#include "cli/table.h"

#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define MAGIC 0x7ab1e001u
#define GAP 2 /* columns between two columns */

struct cell {
	char *lead, *text; /* owned, clean; NULL: empty */
	enum td_tone tone;
	size_t lead_columns, text_columns;
};

struct row {
	struct cell *cells; /* owned, n_columns of them */
	struct cell note;
};

struct td_table {
	uint32_t magic;
	const struct td_style *style;    /* borrowed */
	const struct td_column *columns; /* borrowed */
	size_t n_columns;
	struct row *rows; /* owned array */
	size_t n_rows, capacity;
	size_t *widths; /* owned; 0: the column is not shown */
	size_t *kept;   /* borrowed; see td_table_keep(); NULL: nothing is kept */
	bool *hidden;   /* owned; given up for want of room */
	bool failed;
};

struct td_table *td_table_new(const struct td_style *style, const struct td_column *columns,
			      size_t n_columns)
{
	struct td_table *table = td_mem_new(sizeof(*table));

	if (table == NULL)
		return NULL;
	table->widths = td_mem_array(n_columns, sizeof(*table->widths));
	table->hidden = td_mem_array(n_columns, sizeof(*table->hidden));
	if (table->widths == NULL || table->hidden == NULL) {
		td_mem_free(table->widths);
		td_mem_free(table->hidden);
		return td_mem_free(table);
	}
	table->style = style;
	table->columns = columns;
	table->n_columns = n_columns;
	table->magic = MAGIC;
	return table;
}

static void cell_fini(struct cell *cell)
{
	td_mem_free(cell->lead);
	td_mem_free(cell->text);
}

struct td_table *td_table_free(struct td_table *table)
{
	if (table == NULL)
		return NULL;
	TD_CHECK(table, MAGIC);
	table->magic = 0;
	for (size_t i = 0; i < table->n_rows; i++) {
		for (size_t c = 0; c < table->n_columns; c++)
			cell_fini(&table->rows[i].cells[c]);
		td_mem_free(table->rows[i].cells);
		cell_fini(&table->rows[i].note);
	}
	td_mem_free(table->rows);
	td_mem_free(table->widths);
	td_mem_free(table->hidden);
	return td_mem_free(table);
}

void td_table_row(struct td_table *table)
{
	struct row row = {0};

	if (table == NULL || table->failed)
		return;
	if (table->n_rows == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 32;
		struct row *rows = td_mem_resize(table->rows, capacity * sizeof(*rows));

		if (rows == NULL)
			goto failed;
		table->rows = rows;
		table->capacity = capacity;
	}
	row.cells = td_mem_array(table->n_columns, sizeof(*row.cells));
	if (row.cells == NULL)
		goto failed;
	table->rows[table->n_rows++] = row;
	return;
failed:
	table->failed = true;
}

/* The row that is being filled in, or NULL once something has failed. */
static struct row *last_row(struct td_table *table)
{
	if (table == NULL || table->failed)
		return NULL;
	td_assert(table->n_rows > 0);
	return &table->rows[table->n_rows - 1];
}

/* The row that is being filled in, for a text that was built for it. */
static struct row *row_for(struct td_table *table, struct td_strbuf *text)
{
	if (table != NULL && !td_strbuf_ok(text))
		table->failed = true;
	return last_row(table);
}

static void set_text(struct td_table *table, char **slot, size_t *columns, const char *text)
{
	td_mem_free(*slot);
	*slot = td_style_clean(table->style, text);
	table->failed = *slot == NULL;
	*columns = *slot ? td_style_columns(table->style, *slot) : 0;
}

void td_table_cell(struct td_table *table, size_t column, enum td_tone tone, const char *text)
{
	struct row *row = last_row(table);

	if (row == NULL)
		return;
	td_assert(column < table->n_columns);
	row->cells[column].tone = tone;
	set_text(table, &row->cells[column].text, &row->cells[column].text_columns, text);
}

void td_table_cell_take(struct td_table *table, size_t column, enum td_tone tone,
			struct td_strbuf *text)
{
	if (row_for(table, text) != NULL)
		td_table_cell(table, column, tone, td_strbuf_text(text));
	td_strbuf_fini(text);
}

void td_table_cellf(struct td_table *table, size_t column, enum td_tone tone, const char *format,
		    ...)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	va_list args;

	va_start(args, format);
	td_strbuf_addv(&text, format, args);
	va_end(args);
	td_table_cell_take(table, column, tone, &text);
}

void td_table_lead_take(struct td_table *table, size_t column, struct td_strbuf *text)
{
	struct row *row = row_for(table, text);

	if (row != NULL) {
		td_assert(column < table->n_columns);
		set_text(table, &row->cells[column].lead, &row->cells[column].lead_columns,
			 td_strbuf_text(text));
	}
	td_strbuf_fini(text);
}

void td_table_note_take(struct td_table *table, enum td_tone tone, struct td_strbuf *text)
{
	struct row *row = row_for(table, text);

	if (row != NULL) {
		row->note.tone = tone;
		set_text(table, &row->note.text, &row->note.text_columns, td_strbuf_text(text));
	}
	td_strbuf_fini(text);
}

void td_table_keep(struct td_table *table, size_t *widths)
{
	if (table != NULL)
		table->kept = widths;
}

static size_t total_width(const struct td_table *table)
{
	size_t total = 0;

	for (size_t c = 0; c < table->n_columns; c++)
		if (table->widths[c] > 0)
			total += table->widths[c] + (total > 0 ? GAP : 0);
	return total;
}

/* Cuts the columns that stretch, the last first. */
static void shrink(struct td_table *table, size_t limit)
{
	for (size_t c = table->n_columns; c-- > 0;) {
		size_t total = total_width(table), min = (size_t)table->columns[c].min;
		size_t excess = total > limit ? total - limit : 0;

		if (excess == 0 || !table->columns[c].stretch || table->widths[c] <= min)
			continue;
		table->widths[c] -=
			excess < table->widths[c] - min ? excess : table->widths[c] - min;
	}
}

/* Returns: the column to be given up next, or n_columns. */
static size_t least_needed(const struct td_table *table)
{
	size_t worst = table->n_columns;

	for (size_t c = 0; c < table->n_columns; c++)
		if (table->widths[c] > 0 && table->columns[c].rank > 0 &&
		    (worst == table->n_columns ||
		     table->columns[c].rank > table->columns[worst].rank))
			worst = c;
	return worst;
}

/* The width that a column would like to have; 0 when all its cells are empty. */
static size_t natural_width(const struct td_table *table, size_t c, bool titles)
{
	size_t width = 0, title = strlen(table->columns[c].title);

	for (size_t i = 0; i < table->n_rows; i++) {
		const struct cell *cell = &table->rows[i].cells[c];

		if (cell->lead_columns + cell->text_columns > width)
			width = cell->lead_columns + cell->text_columns;
	}
	if (width > 0 && titles && title > width)
		width = title;
	if (table->kept != NULL) {
		if (table->kept[c] < width)
			table->kept[c] = width;
		width = table->kept[c];
	}
	return width;
}

static void settle_widths(struct td_table *table, bool titles)
{
	size_t limit = (size_t)table->style->width;

	memset(table->hidden, 0, table->n_columns * sizeof(*table->hidden));
	for (;;) {
		size_t least;

		for (size_t c = 0; c < table->n_columns; c++)
			table->widths[c] = table->hidden[c] ? 0 : natural_width(table, c, titles);
		if (limit == 0)
			return;
		shrink(table, limit);
		least = least_needed(table);
		if (total_width(table) <= limit || least == table->n_columns)
			return;
		table->hidden[least] = true;
	}
}

static void add_spaces(struct td_strbuf *out, size_t n)
{
	td_strbuf_addf(out, "%*s", (int)n, "");
}

static void put_tone(const struct td_table *table, struct td_strbuf *out, enum td_tone tone,
		     const char *text, size_t columns)
{
	if (text[0] == '\0')
		return;
	td_strbuf_adds(out, td_style_on(table->style, tone));
	td_style_fit(table->style, out, text, columns);
	td_strbuf_adds(out, td_style_off(table->style, tone));
}

/* Prints one cell within `width`. Spaces before it are owed, so that no line ends in spaces. */
static void print_cell(const struct td_table *table, struct td_strbuf *out, const struct cell *cell,
		       size_t width, bool right, size_t *owed)
{
	size_t lead = cell->lead_columns, text = cell->text_columns, used;

	if (lead > width)
		lead = width;
	if (text > width - lead)
		text = width - lead;
	used = lead + text;
	if (used == 0) {
		*owed += width;
		return;
	}
	add_spaces(out, *owed + (right ? width - used : 0));
	if (lead > 0)
		put_tone(table, out, TD_TONE_FAINT, cell->lead, lead);
	if (text > 0)
		put_tone(table, out, cell->tone, cell->text, text);
	*owed = right ? 0 : width - used;
}

/* Prints the note of a row from column `at` to the end of the line. */
static void print_note(const struct td_table *table, struct td_strbuf *out, const struct cell *note,
		       size_t at, size_t owed)
{
	size_t width = note->text_columns, limit = (size_t)table->style->width;

	if (limit > 0 && at + width > limit)
		width = limit > at ? limit - at : 0;
	print_cell(table, out, note, width, false, &owed);
}

static void print_row(const struct td_table *table, struct td_strbuf *out, const struct row *row)
{
	size_t owed = 0, at = 0;

	for (size_t c = 0; c < table->n_columns; c++) {
		if (table->widths[c] == 0)
			continue;
		print_cell(table, out, &row->cells[c], table->widths[c], table->columns[c].right,
			   &owed);
		at += table->widths[c] + GAP;
		owed += GAP;
		if (row->note.text != NULL) {
			print_note(table, out, &row->note, at, owed);
			break;
		}
	}
	td_strbuf_addc(out, '\n');
}

static void print_titles(const struct td_table *table, struct td_strbuf *out)
{
	size_t owed = 0;

	for (size_t c = 0; c < table->n_columns; c++) {
		const char *title = table->columns[c].title;
		struct cell cell = {.text = (char *)title,
				    .tone = TD_TONE_FAINT,
				    .text_columns = strlen(title)};

		if (table->widths[c] == 0)
			continue;
		print_cell(table, out, &cell, table->widths[c], table->columns[c].right, &owed);
		owed += GAP;
	}
	td_strbuf_addc(out, '\n');
}

void td_table_print(struct td_table *table, struct td_strbuf *out, bool titles)
{
	if (table == NULL || table->failed) {
		out->failed = true;
		return;
	}
	settle_widths(table, titles);
	if (titles)
		print_titles(table, out);
	for (size_t i = 0; i < table->n_rows; i++)
		print_row(table, out, &table->rows[i]);
}
