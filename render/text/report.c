/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - one report as text: its sections in their order
 */
#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/guest.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/vcpu.h>

#include "render/text/report.h"

#include "render/out/join.h"

#include "render/out/escape.h"
#include "render/out/reasons.h"

static void item(struct strbuf *sb, const char *s)
{
	strbuf_puts(sb, sb->len ? ", " : "");
	strbuf_puts(sb, s);
}

void text_guest(struct text *t, const struct scxray_guest *guest)
{
	struct strbuf sb;

	if (guest->release.state == SCXRAY_NONE && guest->banner.state == SCXRAY_NONE)
		return;
	strbuf_init(&sb, NULL);
	text_section(t);
	text_styled(t, STYLE_BOLD, "guest");
	strbuf_puts(&t->out, ": ");
	cell_text(&sb, &guest->release);
	if (guest->nr_cpus.state == SCXRAY_PRESENT)
		strbuf_printf(&sb, ", %llu CPU%s", (unsigned long long)guest->nr_cpus.value,
			      plural_s(guest->nr_cpus.value));
	if (guest->nr_nodes.state == SCXRAY_PRESENT)
		strbuf_printf(&sb, ", %llu NUMA node%s", (unsigned long long)guest->nr_nodes.value,
			      plural_s(guest->nr_nodes.value));
	if (guest->hz.state == SCXRAY_PRESENT)
		strbuf_printf(&sb, ", HZ=%llu", (unsigned long long)guest->hz.value);
	if (guest->memory_bytes)
		strbuf_printf(&sb, ", %llu MiB", (unsigned long long)(guest->memory_bytes >> 20));
	if (guest->kaslr_offset.state == SCXRAY_PRESENT) {
		item(&sb, "KASLR offset ");
		strbuf_hex(&sb, guest->kaslr_offset.value, 1);
	}
	if (guest->paging_levels)
		strbuf_printf(&sb, ", %u-level paging", guest->paging_levels);
	text_wrap(t, strbuf_str(&sb), 7, 2);
	sb.len = 0;
	if (guest->banner.state != SCXRAY_NONE && !t->summary) {
		cell_text(&sb, &guest->banner);
		strbuf_puts(&t->out, "  ");
		text_wrap(t, strbuf_str(&sb), 2, 4);
	}
	sb.len = 0;
	for (size_t i = 0; i < guest->nr_missing && !t->summary; i++) {
		strbuf_puts(&sb, i ? ", " : "");
		cell_string(&sb, guest->missing[i]);
	}
	if (sb.len) {
		strbuf_puts(&t->out, "  not in this kernel: ");
		text_wrap(t, strbuf_str(&sb), 22, 4);
	}
	strbuf_deinit(&sb);
}

static void vcpu(struct text *t, const struct scxray_vcpu *v)
{
	text_regs(t, &v->regs);
	strbuf_putc(&t->out, '\n');
	strbuf_puts(&t->out, "    ");
	if (v->never_started.state == SCXRAY_PRESENT) {
		strbuf_puts(&t->out, "never started (its paging is off)\n");
		return;
	}
	if (v->cpu.state == SCXRAY_PRESENT || v->cpu.state == SCXRAY_UNREADABLE) {
		strbuf_puts(&t->out, "cpu ");
		cell_num(&t->out, &v->cpu);
		strbuf_puts(&t->out, ": ");
	}
	if (v->curr_pid.state == SCXRAY_PRESENT) {
		style_begin(t, &t->out, STYLE_BOLD);
		cell_text(&t->out, &v->curr_comm);
		strbuf_putc(&t->out, '[');
		cell_signed(&t->out, &v->curr_pid);
		strbuf_putc(&t->out, ']');
		style_end(t, &t->out, STYLE_BOLD);
	} else {
		strbuf_puts(&t->out, "task ");
		cell_hex(&t->out, &v->curr_kva);
	}
	if (v->user_mode) {
		strbuf_puts(&t->out, " in user mode");
	} else {
		strbuf_puts(&t->out, " in ");
		cell_string(&t->out, v->ip.symbol ? v->ip.symbol : "the kernel, no symbol");
	}
	strbuf_putc(&t->out, '\n');
	if (!v->user_mode)
		text_stack(t, 4, &v->backtrace);
}

static void text_vcpus(struct text *t, const struct scxray_report *r)
{
	text_reason(t, r, SCXRAY_GROUP_VCPUS, r->nr_vcpus);
	if (!r->nr_vcpus)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "vcpu_regs:\n");
	for (size_t i = 0; i < r->nr_vcpus; i++) {
		strbuf_printf(&t->out, "  vcpu %zu: ", i);
		if (r->vcpus[i].parked)
			vcpu(t, &r->vcpus[i]);
		else
			strbuf_puts(&t->out, "<unavailable>\n");
	}
}

static void text_scx(struct text *t, const struct scxray_report *r)
{
	bool any = r->nr_rqs || r->nr_dsqs || r->nr_scheds;

	if (any) {
		text_section(t);
		text_styled(t, STYLE_BOLD, "scx_walker");
		strbuf_printf(&t->out, ": rq_scx=%zu dsq=%zu sched=%s\n", r->nr_rqs, r->nr_dsqs,
			      r->nr_scheds ? "captured" : "absent");
		if (text_wants(t, GROUP_SCHED)) {
			text_scheds(t, r);
			text_held_files(t, r);
		}
		if (text_wants(t, GROUP_RQS))
			text_rqs(t, r);
		if (text_wants(t, GROUP_LOCKS))
			text_locks(t, r);
		if (text_wants(t, GROUP_DSQS))
			text_dsqs(t, r);
	}
	if (text_wants(t, GROUP_RQS))
		text_reason(t, r, SCXRAY_GROUP_RQS, r->nr_rqs);
	if (text_wants(t, GROUP_LOCKS))
		text_reason(t, r, SCXRAY_GROUP_LOCKS, any);
	if (text_wants(t, GROUP_DSQS))
		text_reason(t, r, SCXRAY_GROUP_DSQS, r->nr_dsqs);
	if (text_wants(t, GROUP_SCHED))
		text_reason(t, r, SCXRAY_GROUP_HELD_FILES, held_files_tasks(r));
	text_reason(t, r, SCXRAY_GROUP_SCHEDS, any);
}

/*
 * The sections of a report in their order. In the early half, what its text has in common with
 * the late one is only named, where the section has a name; what counts since the boot is there
 * with --full only.
 */
static const struct {
	uint32_t groups;
	void (*put)(struct text *t, const struct scxray_report *r);
	const char *name;
	int counts; /* its group, or -1 */
} sections[] = {
	{ GROUP_BIT(GROUP_MAPS), text_maps, NULL, -1 },
	{ GROUP_BIT(GROUP_VCPUS), text_vcpus, "vcpu_regs", -1 },
	{ GROUP_BIT(GROUP_SDT), text_sdts, "sdt_alloc", -1 },
	{ GROUP_BIT(GROUP_PROGS), text_progs, "prog_runtime_stats", -1 },
	{ GROUP_BIT(GROUP_TIMES), text_cpu_times, "per_cpu_time", SCXRAY_GROUP_CPU_TIMES },
	{ GROUP_BIT(GROUP_TIMES), text_numa_nodes, "per_node_numa", SCXRAY_GROUP_NUMA },
	{ GROUP_BIT(GROUP_PSI), text_psi, "cgroup_psi", SCXRAY_GROUP_PSI },
	{ GROUP_BIT(GROUP_TASKS), text_tasks, NULL, -1 },
	{ GROUPS_OF_SCX, text_scx, NULL, -1 },
	{ GROUP_BIT(GROUP_TIMELINE), text_timeline, "event_counter_timeline", -1 },
	{ GROUP_BIT(GROUP_PERF), text_perf, "vcpu_perf_at_freeze", -1 },
	{ UINT32_MAX, text_truncated, NULL, -1 },
	{ GROUP_BIT(GROUP_LOG), text_log, "kernel_log", -1 },
};

/* A section of a report, as its own text. */
struct section_of {
	const struct scxray_report *report;
	void (*put)(struct text *t, const struct scxray_report *r);
};

static void put_section(struct text *t, const void *item)
{
	const struct section_of *section = item;

	t->report = section->report;
	t->timeout_jiffies = sched_timeout_jiffies(section->report, NULL);
	section->put(t, section->report);
}

/* The early half's sections that are only named. */
struct folded {
	struct strbuf same, full;
};

static void section(struct text *t, const struct scxray_report *r, size_t i, struct folded *folded)
{
	const struct section_of early = { r, sections[i].put }, late = { t->late, sections[i].put };
	int counts = sections[i].counts;

	if (t->late && sections[i].name && text_is_repeated(t, &early, &late, put_section))
		item(&folded->same, sections[i].name);
	else if (t->late && counts >= 0 && !r->unavailable[counts] && !r->cut[counts] &&
		 !text_is_empty(t, &early, put_section))
		item(&folded->full, sections[i].name);
	else
		sections[i].put(t, r);
}

static void put_folded(struct text *t, const char *label, struct strbuf *names)
{
	if (names->len) {
		text_section(t);
		strbuf_puts(&t->out, label);
		text_wrap(t, strbuf_str(names), strlen(label), 4);
		t->any_section = false;
	}
	if (names->error)
		t->out.error = names->error;
	strbuf_deinit(names);
}

void text_report(struct text *t, const struct scxray_report *r)
{
	struct folded folded;

	t->any_section = false;
	t->report = r;
	t->timeout_jiffies = sched_timeout_jiffies(r, NULL);
	if (report_is_empty(r)) {
		strbuf_puts(&t->out, "(empty failure dump)\n");
		return;
	}
	strbuf_init(&folded.same, NULL);
	strbuf_init(&folded.full, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (groups_wanted(t->doc->only, sections[i].groups))
			section(t, r, i, &folded);
	put_folded(t, "as in the late snapshot: ", &folded.same);
	put_folded(t, "of the early snapshot with --full only: ", &folded.full);
}
