/* SPDX-License-Identifier: BSD-2-Clause */
/* find_change.c - sched_ext is being enabled or disabled, and does not come to an end of it */
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/diagnosis/find.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

/* Enabling all tasks of a large machine takes less. */
#define LONG_MS 1000
#define MAX_FRAMES 4

/* The kernel's own thread that does it: scx_enable_helper, sched_ext_helper before 7.0. */
static const struct scxray_task *helper_of(const struct scxray_report *r)
{
	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_text *comm = &r->tasks[i].comm;

		if (comm->state == SCXRAY_PRESENT &&
		    (!strncmp(comm->bytes, "scx_enable_help", 15) ||
		     !strncmp(comm->bytes, "sched_ext_help", 14)))
			return &r->tasks[i];
	}
	return NULL;
}

static bool is_switch(const char *symbol)
{
	return !strncmp(symbol, "__schedule", 10) || !strncmp(symbol, "schedule", 8);
}

/* " in percpu_down_write+0x.., scx_enable_workfn+0x..": where it sleeps */
static void put_where(struct strbuf *sb, const struct scxray_stack_trace *stack)
{
	size_t nr = 0;

	for (size_t i = 0; i < stack->nr && nr < MAX_FRAMES; i++) {
		const char *symbol = stack->frames[i].symbol;

		if (!symbol || (!nr && is_switch(symbol)))
			continue;
		strbuf_puts(sb, nr++ ? ", " : " in ");
		cell_frame(sb, &stack->frames[i]);
	}
}

static bool is_changing(const struct scxray_report *r)
{
	return name_is(r->enable_state_name, "SCX_ENABLING") ||
	       name_is(r->enable_state_name, "SCX_DISABLING");
}

void find_change_of_state(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	const struct scxray_task *helper;
	struct strbuf *sb;

	if (!dg->early || !is_changing(r) || !dg->early->enable_state_name ||
	    strcmp(dg->early->enable_state_name, r->enable_state_name) != 0 ||
	    dg->diff->elapsed_ms.state != SCXRAY_PRESENT ||
	    num_signed(&dg->diff->elapsed_ms) < LONG_MS)
		return;
	sb = finding_begin(dg, RANK_CAUSE, SEVERITY_ERROR, "state_hangs");
	finding_last(dg)->r = r;
	finding_last(dg)->weight = UINT64_MAX;
	strbuf_puts(sb, "sched_ext is in state ");
	cell_string(sb, r->enable_state_name);
	strbuf_puts(sb, " at both moments");
	words_put_elapsed(sb, dg);
	strbuf_puts(sb, ": it does not come to an end of it.");
	finding_add_path(dg, r, "scx_sched_state.enable_state");
	helper = helper_of(r);
	if (!helper)
		return;
	strbuf_putc(sb, ' ');
	cell_task(sb, helper, helper->kva);
	strbuf_printf(sb, ", which does it, is in state %c", helper->state_letter);
	put_where(sb, &helper->kernel_stack);
	strbuf_putc(sb, '.');
	finding_add_task(dg, (size_t)(helper - r->tasks));
	finding_add_path(dg, r, "task_enrichments[%zu].state", (size_t)(helper - r->tasks));
}
