/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - lays out the cells of a table: which columns fit, and how wide they are
 */
#include "render/out/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "render/out/escape.h"

#define GAP 2 /* between columns */
#define NOTE_INDENT 4

enum mark {
	CELL,
	FIRST_CELL,
	NOTE
};

struct table_cell {
	size_t start; /* in tab->bytes; it ends where the next one starts */
	enum mark mark;
	enum style style;
};

void table_init(struct table *tab, struct text *t, const struct column *columns, size_t nr)
{
	assert(nr <= TABLE_MAX_COLUMNS);
	*tab = (struct table){ .t = t, .columns = columns, .nr_columns = nr };
	strbuf_init(&tab->bytes, NULL);
}

void table_deinit(struct table *tab)
{
	strbuf_deinit(&tab->bytes);
	free(tab->cells);
}

static void add(struct table *tab, enum mark mark, enum style style)
{
	if (tab->nr_cells == tab->max_cells) {
		size_t max = tab->max_cells ? tab->max_cells * 2 : 256;
		struct table_cell *cells = realloc(tab->cells, max * sizeof(*cells));

		if (!cells) {
			tab->bytes.error = ENOMEM;
			return;
		}
		tab->cells = cells;
		tab->max_cells = max;
	}
	tab->cells[tab->nr_cells++] = (struct table_cell){ tab->bytes.len, mark, style };
}

void table_row(struct table *tab, const void *row)
{
	for (size_t c = 0; c < tab->nr_columns; c++) {
		const struct column *column = &tab->columns[c];
		size_t at = tab->nr_cells;
		enum style style;

		add(tab, c ? CELL : FIRST_CELL, STYLE_PLAIN);
		style = column->cell(&tab->bytes, tab->t, (const char *)row + column->offset);
		if (at < tab->nr_cells)
			tab->cells[at].style = style;
	}
}

struct strbuf *table_note(struct table *tab)
{
	add(tab, NOTE, STYLE_PLAIN);
	return &tab->bytes;
}

static size_t cell_len(const struct table *tab, size_t i)
{
	size_t end = i + 1 < tab->nr_cells ? tab->cells[i + 1].start : tab->bytes.len;

	return end - tab->cells[i].start;
}

static const char *cell_bytes(const struct table *tab, size_t i)
{
	return tab->bytes.data ? tab->bytes.data + tab->cells[i].start : "";
}

/* An unreadable cell is shown below its row: the reason would make the column too wide. */
static bool is_unreadable(const char *s, size_t len)
{
	static const char begin[] = "<unreadable: ";

	return len > sizeof(begin) && !strncmp(s, begin, sizeof(begin) - 1);
}

static bool says_nothing(const char *s, size_t len)
{
	return !len || (len == 1 && *s == '-');
}

/* Each column's width; 0 for a column that says nothing in any row. */
static void measure(const struct table *tab, size_t *width)
{
	size_t column = 0;

	memset(width, 0, tab->nr_columns * sizeof(*width));
	for (size_t i = 0; i < tab->nr_cells; i++) {
		const char *s = cell_bytes(tab, i);
		size_t len = cell_len(tab, i), w;

		if (tab->cells[i].mark == NOTE)
			continue;
		column = tab->cells[i].mark == FIRST_CELL ? 0 : column + 1;
		if (column >= tab->nr_columns || says_nothing(s, len))
			continue;
		w = is_unreadable(s, len) ? 1 : utf8_display_width(s, len);
		if (w > width[column])
			width[column] = w;
	}
	for (size_t c = 0; c < tab->nr_columns; c++) {
		size_t w = utf8_display_width(tab->columns[c].name, strlen(tab->columns[c].name));

		if (width[c] && width[c] < w)
			width[c] = w;
	}
}

static size_t total_width(const struct table *tab, const size_t *width)
{
	size_t total = 0;

	for (size_t c = 0; c < tab->nr_columns; c++)
		if (width[c])
			total += width[c] + (total ? GAP : 0);
	return total;
}

/* Leaves out columns until the rest fits; `dropped` lists their names in order. */
static void make_fit(const struct table *tab, size_t room, size_t *width, struct strbuf *dropped)
{
	bool gone[TABLE_MAX_COLUMNS] = { false }, tried[TABLE_MAX_COLUMNS] = { false };
	size_t kept[TABLE_MAX_COLUMNS];

	while (total_width(tab, width) > room) {
		size_t worst = tab->nr_columns;

		for (size_t c = 0; c < tab->nr_columns; c++)
			if (width[c] && tab->columns[c].drop &&
			    (worst == tab->nr_columns ||
			     tab->columns[c].drop > tab->columns[worst].drop))
				worst = c;
		if (worst == tab->nr_columns)
			break;
		gone[worst] = true;
		kept[worst] = width[worst];
		width[worst] = 0;
	}
	/* after a wide column is left out, an earlier one may fit again, the best first */
	for (size_t again = 0; again < tab->nr_columns; again++) {
		size_t best = tab->nr_columns;

		for (size_t c = 0; c < tab->nr_columns; c++)
			if (gone[c] && !tried[c] &&
			    (best == tab->nr_columns ||
			     tab->columns[c].drop < tab->columns[best].drop))
				best = c;
		if (best == tab->nr_columns)
			break;
		tried[best] = true;
		width[best] = kept[best];
		gone[best] = total_width(tab, width) > room;
		if (gone[best])
			width[best] = 0;
	}
	for (size_t c = 0; c < tab->nr_columns; c++) {
		if (!gone[c])
			continue;
		if (dropped->len)
			strbuf_puts(dropped, ", ");
		strbuf_puts(dropped, tab->columns[c].name);
	}
}

struct line {
	struct text *t;
	size_t pending; /* blanks that are written only if a cell follows */
	bool any;
};

static void put_cell(struct line *line, const char *s, size_t len, size_t width, enum align align,
		     enum style style)
{
	struct strbuf *out = &line->t->out;
	size_t w = utf8_display_width(s, len), pad = w < width ? width - w : 0;

	strbuf_fill(out, ' ', line->pending + (line->any ? GAP : 0) + (align == LEFT ? 0 : pad));
	style_begin(line->t, out, style);
	strbuf_write(out, s, len);
	style_end(line->t, out, style);
	line->pending = align == LEFT ? pad : 0;
	line->any = true;
}

static void print_header(const struct table *tab, size_t indent, const size_t *width)
{
	struct text *t = tab->t;
	struct line line = { .t = t };

	strbuf_fill(&t->out, ' ', indent);
	for (size_t c = 0; c < tab->nr_columns; c++)
		if (width[c])
			put_cell(&line, tab->columns[c].name, strlen(tab->columns[c].name),
				 width[c], tab->columns[c].align, STYLE_BOLD);
	strbuf_putc(&t->out, '\n');
}

static void print_note(const struct table *tab, size_t i, const char *name, size_t indent)
{
	struct text *t = tab->t;
	struct strbuf note;

	strbuf_init(&note, NULL);
	if (name)
		strbuf_printf(&note, "%s: ", name);
	strbuf_write(&note, cell_bytes(tab, i), cell_len(tab, i));
	strbuf_fill(&t->out, ' ', indent + NOTE_INDENT);
	style_begin(t, &t->out, name ? STYLE_DIM : STYLE_PLAIN);
	text_wrap(t, strbuf_str(&note), indent + NOTE_INDENT, indent + NOTE_INDENT + 2);
	style_end(t, &t->out, name ? STYLE_DIM : STYLE_PLAIN);
	strbuf_deinit(&note);
}

static void print_rows(const struct table *tab, size_t indent, const size_t *width)
{
	struct text *t = tab->t;
	struct line line = { .t = t };
	size_t column = 0, row = 0;

	for (size_t i = 0; i < tab->nr_cells; i++) {
		const char *s = cell_bytes(tab, i);
		bool lost = is_unreadable(s, cell_len(tab, i));
		enum mark next = i + 1 < tab->nr_cells ? tab->cells[i + 1].mark : FIRST_CELL;

		if (tab->cells[i].mark == NOTE) {
			print_note(tab, i, NULL, indent);
			continue;
		}
		if (tab->cells[i].mark == FIRST_CELL) {
			line = (struct line){ .t = t };
			column = 0;
			row = i;
			strbuf_fill(&t->out, ' ', indent);
		}
		if (column < tab->nr_columns && width[column])
			put_cell(&line, lost ? "?" : s, lost ? 1 : cell_len(tab, i), width[column],
				 tab->columns[column].align,
				 lost ? STYLE_DIM : tab->cells[i].style);
		column++;
		if (next == CELL)
			continue;
		strbuf_putc(&t->out, '\n');
		for (size_t c = 0; row + c <= i && c < tab->nr_columns; c++)
			if (is_unreadable(cell_bytes(tab, row + c), cell_len(tab, row + c)))
				print_note(tab, row + c, tab->columns[c].name, indent);
	}
}

void table_print(struct table *tab, size_t indent)
{
	struct text *t = tab->t;
	size_t width[TABLE_MAX_COLUMNS];
	struct strbuf dropped;

	if (tab->bytes.error)
		t->out.error = tab->bytes.error;
	if (!tab->nr_cells || t->out.error)
		return;
	strbuf_init(&dropped, NULL);
	measure(tab, width);
	make_fit(tab, t->width > indent ? t->width - indent : 0, width, &dropped);
	print_header(tab, indent, width);
	print_rows(tab, indent, width);
	if (dropped.len) {
		strbuf_fill(&t->out, ' ', indent);
		style_begin(t, &t->out, STYLE_DIM);
		strbuf_printf(&t->out, "(no room for: %s)", strbuf_str(&dropped));
		style_end(t, &t->out, STYLE_DIM);
		strbuf_putc(&t->out, '\n');
	}
	strbuf_deinit(&dropped);
}
