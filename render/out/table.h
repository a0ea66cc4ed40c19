/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - aligned columns
 *
 *	table_init(&tab, t, columns, ARRAY_SIZE(columns));
 *	for each struct
 *		table_row(&tab, &struct);
 *	table_print(&tab, indent);
 *	table_deinit(&tab);
 *
 * A column is a row of a table: its name, its place and the function that writes
 * its cells.  A cell "<unreadable: ...>" is shown as "?", and in full below its row.
 * Columns that are "-" or empty in every row are left out.  Where the table is
 * wider than the output, columns are left out by their `drop` rank, highest first,
 * and a last line names them: JSON has them all.
 */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include <stddef.h>

#include <base/array.h>

#include "render/out/cells.h"

#define TABLE_MAX_COLUMNS 32

enum align {
	RIGHT, /* numbers */
	LEFT,  /* text */
};

/* Writes one cell and returns its style. */
typedef enum style column_cell(struct strbuf *sb, const struct text *t, const void *at);

struct column {
	const char *name;
	enum align align;
	unsigned drop; /* 0: never left out to save width */
	size_t offset; /* in the row's struct, of what the function gets */
	column_cell *cell;
};

#define COLUMN(name, align, drop, type, member, cell)                  \
	{                                                              \
		name, align, drop, offsetof(struct type, member), cell \
	}

/* Cells of scxray_num. */
column_cell column_num, column_signed, column_hex, column_ns, column_slice;
column_cell column_nonzero; /* 0 is "-" */
column_cell column_flag;    /* "yes", or "-" */
column_cell column_cpu;	    /* a CPU's number, "-" below 0 */
/* Cells of uint32_t, uint64_t, const char *, scxray_cpumask. */
column_cell column_u32, column_u64, column_string, column_cpus;

/* The cell of a column that has nothing to say of this row. */
static inline enum style column_none(struct strbuf *sb)
{
	strbuf_putc(sb, '-');
	return STYLE_PLAIN;
}

struct table {
	struct text *t;
	const struct column *columns;
	size_t nr_columns;
	struct strbuf bytes; /* all cells, one after the other */
	struct table_cell *cells;
	size_t nr_cells, max_cells;
};

void table_init(struct table *tab, struct text *t, const struct column *columns, size_t nr);
void table_deinit(struct table *tab);
void table_row(struct table *tab, const void *row);
/* A line below the newest row, across the columns: already escaped. */
struct strbuf *table_note(struct table *tab);
/* Writes the table to the text's output; nothing without rows. */
void table_print(struct table *tab, size_t indent);

#endif
