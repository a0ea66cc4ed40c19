/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpus.c of capture/walk: a real guest's words are changed, since no guest can be made to be caught within
 * ops.dispatch() or in rescue.
 */
#include <stdio.h>

#include <scxray/capture.h>
#include <scxray/render.h>
#include <scxray/report.h>

#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

#define SCX_DSQ_RESCUE 0x8000000000000005ULL

static struct live_lab lab;
static struct scxray_source *source;
static struct scxray_report *report;

static void open_core(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "kernel-fixtures/cores/%s.core.zst", name);
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
}

static void take(void)
{
	struct scxray_error err = { 0 };

	source = live_lab_image(&lab);
	report = scxray_capture(source, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
}

static void drop(void)
{
	scxray_report_destroy(report);
	scxray_source_close(source);
	live_lab_close(&lab);
}

static const struct member *member(enum layout_member m)
{
	ck_assert(lab.kernel.layout.member[m].present);
	return &lab.kernel.layout.member[m];
}

static uint64_t word(uint64_t kva)
{
	ck_assert_ptr_nonnull(live_lab_at(&lab, kva));
	return *(uint64_t *)(void *)live_lab_at(&lab, kva);
}

static void put(uint64_t kva, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		ck_assert_ptr_nonnull(live_lab_at(&lab, kva + i));
		*live_lab_at(&lab, kva + i) = ((const uint8_t *)bytes)[i];
	}
}

static void put_u64(uint64_t kva, uint64_t value)
{
	put(kva, &value, sizeof(value));
}

/* A CPU's part of what is per CPU; the offsets are those of __per_cpu_offset. */
static uint64_t percpu(uint64_t address, unsigned cpu)
{
	return address + word(live_lab_symbol(&lab, "__per_cpu_offset") + 8ULL * cpu);
}

static uint64_t scx_of(unsigned cpu)
{
	return percpu(live_lab_symbol(&lab, "runqueues"), cpu) + member(M_rq_scx)->offset;
}

/* struct scx_dsp_ctx of a CPU. */
static uint64_t dispatch_context(unsigned cpu)
{
	uint64_t root;

	if (!lab.kernel.layout.member[M_scx_sched_pcpu_dsp_ctx].present)
		return percpu(word(live_lab_symbol(&lab, "scx_dsp_ctx")), cpu);
	root = word(live_lab_symbol(&lab, "scx_root"));
	return percpu(word(root + member(M_scx_sched_pcpu)->offset), cpu) +
	       member(M_scx_sched_pcpu_dsp_ctx)->offset;
}

static uint64_t victim(void)
{
	for (size_t i = 0; i < report->nr_tasks; i++)
		if (report->tasks[i].comm.bytes && !strcmp(report->tasks[i].comm.bytes, "victim0"))
			return report->tasks[i].kva;
	ck_abort_msg("no victim0");
	return 0;
}

static void fill_buffer(unsigned cpu, uint64_t task, uint64_t dsq_id)
{
	uint64_t ctx = dispatch_context(cpu), entry = ctx + member(M_scx_dsp_ctx_buf)->offset;
	uint32_t one = 1;

	put(ctx + member(M_scx_dsp_ctx_cursor)->offset, &one, sizeof(one));
	put_u64(entry + member(M_scx_dsp_buf_ent_task)->offset, task);
	put_u64(entry + member(M_scx_dsp_buf_ent_dsq_id)->offset, dsq_id);
}

static const char *const cores[] = { "6.12-held-error", "6.18.15-vtime-error",
				     "7.3.4-stall-error" };

START_TEST(the_dispatch_buffer)
{
	for (size_t c = 0; c < ARRAY_SIZE(cores); c++) {
		const struct scxray_rq *rq;
		uint64_t task;

		open_core(cores[c]);
		take();
		ck_assert_uint_eq(report->rqs[0].nr_buffered + report->rqs[1].nr_buffered, 0);
		ck_assert_ptr_null(report->rqs[1].buffered_cut);
		task = victim();
		scxray_report_destroy(report);
		scxray_source_close(source);

		fill_buffer(1, task, 0x77);
		take();
		rq = &report->rqs[1];
		ck_assert_uint_eq(rq->nr_buffered, 1);
		ck_assert_uint_eq(rq->buffered[0].task.kva, task);
		ck_assert_uint_eq(rq->buffered[0].dsq_id.value, 0x77);
		ck_assert_uint_eq(report->tasks[rq->buffered[0].task.index].buffered_by, 2);
		drop();
	}
}
END_TEST

START_TEST(a_cursor_that_is_none)
{
	uint32_t cursor = UINT32_MAX;

	open_core(cores[2]);
	put(dispatch_context(0) + member(M_scx_dsp_ctx_cursor)->offset, &cursor, sizeof(cursor));
	take();
	ck_assert_uint_eq(report->rqs[0].nr_buffered, 0);
	ck_assert_str_eq(report->rqs[0].buffered_cut, "the cursor is past any buffer's end");
	drop();
}
END_TEST

/* A task that stands on rq->scx.rescue.dsq is found there. */
START_TEST(the_rescue_queue)
{
	uint64_t dsq, task, node, list;
	uint32_t one = 1;
	size_t i;

	open_core(cores[2]);
	take();
	task = victim();
	scxray_report_destroy(report);
	scxray_source_close(source);

	dsq = scx_of(0) + member(M_scx_rq_rescue_dsq)->offset;
	list = dsq + member(M_scx_dispatch_q_list)->offset;
	node = task + member(M_task_struct_scx)->offset +
	       member(M_sched_ext_entity_dsq_node)->offset;
	/* off the queue where it is: the list before and after it closes */
	put_u64(word(node + 8), word(node));
	put_u64(word(node) + 8, word(node + 8));
	put_u64(list, node);
	put_u64(list + 8, node);
	put_u64(node, list);
	put_u64(node + 8, list);
	put(dsq + member(M_scx_dispatch_q_nr)->offset, &one, sizeof(one));
	put_u64(dsq + member(M_scx_dispatch_q_id)->offset, SCX_DSQ_RESCUE);
	put_u64(task + member(M_task_struct_scx)->offset + member(M_sched_ext_entity_dsq)->offset,
		dsq);
	put_u64(scx_of(0) + member(M_scx_rq_rescue_curr)->offset, task);
	put_u64(scx_of(0) + member(M_scx_rq_rescue_budget)->offset, (uint64_t)-5000000);
	take();
	ck_assert_uint_eq(report->rqs[0].rescue_curr.value, task);
	ck_assert_int_eq((int64_t)report->rqs[0].rescue_budget.value, -5000000);
	ck_assert_uint_eq(report->rqs[1].rescue_curr.value, 0);
	for (i = 0; i < report->nr_dsqs; i++)
		if (report->dsqs[i].origin == SCXRAY_DSQ_RESCUE && report->dsqs[i].index == 0)
			break;
	ck_assert_uint_lt(i, report->nr_dsqs);
	ck_assert_uint_eq(report->dsqs[i].nr_tasks, 1);
	ck_assert_str_eq(report->dsqs[i].id_name, "SCX_DSQ_RESCUE");
	ck_assert_uint_eq(report->dsqs[i].tasks[0].kva, task);
	ck_assert_int_eq(report->tasks[report->dsqs[i].tasks[0].index].dsq_index, (int)i);
	drop();
}
END_TEST

START_TEST(servers_and_the_idle_mask)
{
	open_core(cores[2]);
	take();
	for (int cpu = 0; cpu < 2; cpu++) {
		ck_assert_int_eq(report->rqs[cpu].ext_server.active.state, SCXRAY_PRESENT);
		/* the kernel's default: 50 ms of each second */
		ck_assert_uint_eq(report->rqs[cpu].ext_server.dl_runtime.value, 50000000);
		ck_assert_uint_eq(report->rqs[cpu].fair_server.dl_runtime.value, 50000000);
	}
	drop();
	open_core(cores[0]);
	take();
	ck_assert_int_eq(report->rqs[0].ext_server.active.state, SCXRAY_NONE);
	ck_assert_int_eq(report->rqs[0].idle.state, SCXRAY_NONE);
	ck_assert_int_eq(report->rqs[0].rescue_curr.state, SCXRAY_NONE);
	drop();
}
END_TEST

static const unit_test tests[] = {
	&the_dispatch_buffer,
	&a_cursor_that_is_none,
	&the_rescue_queue,
	&servers_and_the_idle_mask,
};

UNIT_MAIN("capture cpus", tests)
