/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psi.c - pressure of cgroups: a row for each that ever waited for anything
 */
#include "render/out/join.h"
#include "render/out/table.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct column columns[] = {
	{ "cgroup", true, 0 },	 { "cpu", false, 0 },	      { "cpu full", false, 1 },
	{ "memory", false, 0 },	 { "memory full", false, 1 }, { "io", false, 0 },
	{ "io full", false, 1 }, { "irq full", false, 2 },    { "", true, 0 },
};

/* "1.25% 20ms": of the last 10 s, and in all */
static void cell_psi(struct strbuf *sb, const struct scxray_psi *psi)
{
	if (num_is(&psi->total_ns, 0) && num_is(&psi->avg10, 0)) {
		strbuf_putc(sb, '-');
		return;
	}
	if (psi->total_ns.state != SCXRAY_PRESENT) {
		cell_num(sb, &psi->total_ns);
		return;
	}
	if (psi->avg10.state == SCXRAY_PRESENT)
		strbuf_printf(sb, "%llu.%02llu%% ", (unsigned long long)(psi->avg10.value / 100),
			      (unsigned long long)(psi->avg10.value % 100));
	cell_ns(sb, psi->total_ns.value);
}

static bool is_calm(const struct scxray_cgroup_psi *psi)
{
	for (size_t i = 0; i < SCXRAY_NR_PSI_LINES; i++)
		if (psi->lines[i].total_ns.state != SCXRAY_NONE &&
		    !num_is(&psi->lines[i].total_ns, 0))
			return false;
	return psi->path && !psi->unavailable;
}

static void row(struct table *tab, const struct scxray_cgroup_psi *psi)
{
	struct strbuf *sb;

	table_row(tab);
	if (psi->path)
		cell_string(table_cell(tab, STYLE_PLAIN), psi->path);
	else
		strbuf_hex(table_cell(tab, STYLE_PLAIN), psi->kva, 16);
	for (size_t i = 0; i < SCXRAY_NR_PSI_LINES; i++)
		cell_psi(table_cell(tab, STYLE_PLAIN), &psi->lines[i]);
	sb = table_cell(tab, STYLE_DIM);
	if (psi->unavailable)
		cell_string(sb, psi->unavailable);
	else if (num_is(&psi->enabled, 0))
		strbuf_puts(sb, "off");
	else
		strbuf_puts(sb, psi->dying ? "removed" : "-");
}

void text_psi(struct text *t, const struct scxray_report *r)
{
	struct table tab;
	size_t calm = 0;

	text_unavailable(t, "cgroup_psi", r->cgroup_psi_unavailable);
	if (!r->nr_cgroup_psi)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "cgroup_psi");
	strbuf_printf(&t->out, ": %zu cgroup%s captured (of the last 10 s, and in all)\n",
		      r->nr_cgroup_psi, r->nr_cgroup_psi == 1 ? "" : "s");
	table_init(&tab, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < r->nr_cgroup_psi; i++) {
		if (is_calm(&r->cgroup_psi[i]))
			calm++;
		else
			row(&tab, &r->cgroup_psi[i]);
	}
	table_print(&tab, t, 2);
	table_deinit(&tab);
	if (calm)
		strbuf_printf(&t->out, "  %zu never waited\n", calm);
	if (r->cgroup_psi_cut) {
		strbuf_puts(&t->out, "  (cut: ");
		cell_string(&t->out, r->cgroup_psi_cut);
		strbuf_puts(&t->out, ")\n");
	}
}
