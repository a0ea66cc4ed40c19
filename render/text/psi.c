/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psi.c - pressure of cgroups as text: a row for each cgroup that ever waited
 */
#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/system.h>

#include "render/out/join.h"
#include "render/out/table.h"
#include "render/out/reasons.h"

/* "1.25% 20ms": in the last 10 s, and in total */
static enum style psi_line(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_psi *psi = at;

	if (num_is(&psi->total_ns, 0) && num_is(&psi->avg10, 0))
		return column_none(sb);
	if (psi->total_ns.state != SCXRAY_PRESENT)
		return column_num(sb, t, &psi->total_ns);
	if (psi->avg10.state == SCXRAY_PRESENT)
		strbuf_printf(sb, "%llu.%02llu%% ", (unsigned long long)(psi->avg10.value / 100),
			      (unsigned long long)(psi->avg10.value % 100));
	cell_ns(sb, psi->total_ns.value);
	return STYLE_PLAIN;
}

static bool is_calm(const struct scxray_cgroup_psi *psi)
{
	for (size_t i = 0; i < SCXRAY_NR_PSI_LINES; i++)
		if (psi->lines[i].total_ns.state != SCXRAY_NONE &&
		    !num_is(&psi->lines[i].total_ns, 0))
			return false;
	return psi->path && !psi->unavailable;
}

static enum style psi_cgroup(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_cgroup_psi *psi = at;

	(void)t;
	if (psi->path)
		cell_string(sb, psi->path);
	else
		strbuf_hex(sb, psi->kva, 16);
	return STYLE_PLAIN;
}

static enum style psi_state(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_cgroup_psi *psi = at;

	(void)t;
	if (psi->unavailable)
		cell_string(sb, psi->unavailable);
	else if (num_is(&psi->enabled, 0))
		strbuf_puts(sb, "off");
	else
		strbuf_puts(sb, psi->dying ? "removed" : "-");
	return STYLE_DIM;
}

static const struct column columns[] = {
	{ "cgroup", LEFT, 0, 0, psi_cgroup },
	COLUMN("cpu", RIGHT, 0, scxray_cgroup_psi, lines[0], psi_line),
	COLUMN("cpu full", RIGHT, 1, scxray_cgroup_psi, lines[1], psi_line),
	COLUMN("memory", RIGHT, 0, scxray_cgroup_psi, lines[2], psi_line),
	COLUMN("memory full", RIGHT, 1, scxray_cgroup_psi, lines[3], psi_line),
	COLUMN("io", RIGHT, 0, scxray_cgroup_psi, lines[4], psi_line),
	COLUMN("io full", RIGHT, 1, scxray_cgroup_psi, lines[5], psi_line),
	COLUMN("irq full", RIGHT, 2, scxray_cgroup_psi, lines[6], psi_line),
	{ "", LEFT, 0, 0, psi_state },
};

void text_psi(struct text *t, const struct scxray_report *r)
{
	struct table tab;
	size_t calm = 0;

	text_reason(t, r, SCXRAY_GROUP_PSI, r->nr_cgroup_psi);
	if (!r->nr_cgroup_psi)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "cgroup_psi");
	strbuf_printf(&t->out, ": %zu cgroup%s captured (of the last 10 s, and in all)\n",
		      r->nr_cgroup_psi, plural_s(r->nr_cgroup_psi));
	table_init(&tab, t, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < r->nr_cgroup_psi; i++) {
		if (is_calm(&r->cgroup_psi[i]))
			calm++;
		else
			table_row(&tab, &r->cgroup_psi[i]);
	}
	table_print(&tab, 2);
	table_deinit(&tab);
	if (calm)
		strbuf_printf(&t->out, "  %zu never waited\n", calm);
	text_cut(t, r, SCXRAY_GROUP_PSI, 2);
}
