/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - aligned columns
 *
 *	table_init(&tab, columns, ARRAY_SIZE(columns));
 *	for each row {
 *		table_row(&tab);
 *		sb = table_cell(&tab, STYLE_PLAIN);  once per column, in order
 *		...
 *	}
 *	table_print(&tab, t, indent);
 *	table_deinit(&tab);
 *
 * A cell "<unreadable: ...>" is shown as "?", and in full below its row.
 * Columns that are "-" or empty in every row are left out.  Where the table is
 * wider than the output, columns go by their `drop` rank, highest first, and a
 * last line names them: JSON has them all.
 */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include "render/out/cells.h"

#define TABLE_MAX_COLUMNS 32

struct column {
	const char *name;
	bool left;     /* text; numbers are flush right */
	unsigned drop; /* 0: never left out for lack of width */
};

struct table {
	const struct column *columns;
	size_t nr_columns;
	struct strbuf bytes; /* all cells, one after the other */
	struct table_cell *cells;
	size_t nr_cells, max_cells;
	bool starts_row; /* the next cell is a row's first */
};

void table_init(struct table *tab, const struct column *columns, size_t nr);
void table_deinit(struct table *tab);
void table_row(struct table *tab);
/* The buffer to write the next cell's text to. */
struct strbuf *table_cell(struct table *tab, enum style style);
/* A line below the present row, across the columns: already escaped. */
struct strbuf *table_note(struct table *tab);
void table_print(struct table *tab, struct text *t, size_t indent);

#endif
