/* SPDX-License-Identifier: BSD-2-Clause */
/* Pressure, locks and tasks of higher classes: as text, as JSON, in the diagnosis. */
#include <stdio.h>
#include <string.h>

#include <scxray/atoms.h>
#include <scxray/group.h>
#include <scxray/lock.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/system.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "tests/lib/unit.h"

#define KNOWN(v)                                      \
	{                                             \
		.value = (v), .state = SCXRAY_PRESENT \
	}
#define TEXT(s)                                                             \
	{                                                                   \
		.bytes = (s), .len = sizeof(s) - 1, .state = SCXRAY_PRESENT \
	}
#define PSI(ns, percent)                                                                 \
	{                                                                                \
		.total_ns = KNOWN(ns), .avg10 = KNOWN(percent), .avg60 = KNOWN(percent), \
		.avg300 = KNOWN(percent)                                                 \
	}
#define TASK_KVA(n) (0xffff888000001000ULL + 0x1000 * (n))

enum {
	HOG,
	BEHIND,
	WAITER,
	VICTIM,
	NR_TASKS
};

static uint64_t all_cpus[] = { 3 };

static struct fixture {
	struct scxray_report report;
	struct scxray_task tasks[NR_TASKS];
	struct scxray_rq rqs[2];
	struct scxray_task_ref higher[1];
	struct scxray_vcpu vcpus[1];
	struct scxray_rqspinlock locks[1];
	struct scxray_cgroup_psi psi[4];
	struct scxray_sched sched;
	char *text, *json;
	size_t size;
} f;

static struct scxray_task task(unsigned n, struct scxray_text comm, const char *class)
{
	return (struct scxray_task){
		.kva = TASK_KVA(n),
		.pid = KNOWN(100 + n),
		.comm = comm,
		.sched_class = class,
		.runnable_cpu = -1,
		.curr_cpu = -1,
		.dsq_index = -1,
		.cpus_allowed = { .words = all_cpus, .nr_bits = 2, .state = SCXRAY_PRESENT },
	};
}

static void put_tasks(void)
{
	f.tasks[HOG] = task(HOG, (struct scxray_text)TEXT("hog"), "dl");
	f.tasks[HOG].curr_cpu = 1;
	f.tasks[HOG].dl_runtime = (struct scxray_num)KNOWN(95000000);
	f.tasks[HOG].dl_period = (struct scxray_num)KNOWN(100000000);
	f.tasks[BEHIND] = task(BEHIND, (struct scxray_text)TEXT("behind"), "rt");
	f.tasks[BEHIND].queued_cpu = (struct scxray_num)KNOWN(1);
	f.tasks[WAITER] = task(WAITER, (struct scxray_text)TEXT("waiter"), "ext");
	f.tasks[WAITER].lock_slowpath_match = "rwsem_down_write_slowpath";
	f.tasks[VICTIM] = task(VICTIM, (struct scxray_text)TEXT("victim"), "ext");
	f.tasks[VICTIM].runnable_cpu = 1;
	f.tasks[VICTIM].cpu = (struct scxray_num)KNOWN(1);
	f.tasks[VICTIM].migration_disabled = (struct scxray_num)KNOWN(1);
	f.tasks[VICTIM].runnable_age_jiffies = (struct scxray_num)KNOWN(2100);
	f.tasks[VICTIM].runnable_age_ms = (struct scxray_num)KNOWN(8400);
	f.higher[0] = (struct scxray_task_ref){ .kva = TASK_KVA(BEHIND), .index = BEHIND };
}

static void put_cpus(void)
{
	for (uint32_t cpu = 0; cpu < 2; cpu++)
		f.rqs[cpu] = (struct scxray_rq){ .cpu = cpu, .curr_index = -1 };
	f.rqs[1].curr_index = HOG;
	f.rqs[1].curr_kva = (struct scxray_num)KNOWN(TASK_KVA(HOG));
	f.rqs[1].curr_pid = f.tasks[HOG].pid;
	f.rqs[1].curr_comm = f.tasks[HOG].comm;
	f.rqs[1].curr_class = "dl";
	f.rqs[1].higher = f.higher;
	f.rqs[1].nr_higher = 1;
	f.rqs[0].lock = (struct scxray_num)KNOWN(1 | 2 << 18);
	f.rqs[0].lock_held = (struct scxray_num)KNOWN(1);
	f.rqs[0].lock_tail_cpu = (struct scxray_num)KNOWN(1);
	f.rqs[0].lock_scx_cpu = (struct scxray_num)KNOWN(0);
	f.vcpus[0] = (struct scxray_vcpu){
		.parked = true,
		.cpu = KNOWN(0),
		.curr_pid = KNOWN(7),
		.curr_comm = TEXT("spinner"),
		.lock_slowpath_match = "native_queued_spin_lock_slowpath",
	};
	f.locks[0] = (struct scxray_rqspinlock){
		.cpu = 1,
		.lock = { .addr = KNOWN(0xffff888000abc000), .symbol = "some_lock" },
		.word = KNOWN(1 | 1 << 18),
	};
	f.sched = (struct scxray_sched){ .is_root = true, .watchdog_timeout = KNOWN(2000) };
}

static void put_psi(void)
{
	f.psi[0] = (struct scxray_cgroup_psi){ .path = "/", .enabled = KNOWN(1) };
	f.psi[0].lines[SCXRAY_PSI_CPU_SOME] = (struct scxray_psi)PSI(1500000000, 2218);
	f.psi[0].lines[SCXRAY_PSI_IO_SOME] = (struct scxray_psi)PSI(0, 0);
	f.psi[1] = (struct scxray_cgroup_psi){ .path = "/calm", .enabled = KNOWN(1) };
	f.psi[1].lines[SCXRAY_PSI_CPU_SOME] = (struct scxray_psi)PSI(0, 0);
	f.psi[2] = (struct scxray_cgroup_psi){ .path = "/none", .unavailable = "nobody knows" };
	f.psi[3] = (struct scxray_cgroup_psi){ .kva = 0xffff888000def000, .dying = true };
	f.psi[3].lines[SCXRAY_PSI_CPU_SOME].total_ns = (struct scxray_num){
		.value = 0xffff888000123000, .reason = "page not mapped", .state = SCXRAY_UNREADABLE
	};
}

static void start(void)
{
	memset(&f, 0, sizeof(f));
	put_tasks();
	put_cpus();
	put_psi();
	f.report = (struct scxray_report){
		.tasks = f.tasks,
		.nr_tasks = NR_TASKS,
		.rqs = f.rqs,
		.nr_rqs = 2,
		.vcpus = f.vcpus,
		.nr_vcpus = 1,
		.rqspinlocks = f.locks,
		.nr_rqspinlocks = 1,
		.scheds = &f.sched,
		.nr_scheds = 1,
		.cgroup_psi = f.psi,
		.nr_cgroup_psi = 4,
		.cut[SCXRAY_GROUP_PSI] = "cut after 4 cgroups",
	};
	f.report.guest.nr_cpus = (struct scxray_num)KNOWN(2);
	f.report.guest.hz = (struct scxray_num)KNOWN(250);
}

static void render(void)
{
	const struct scxray_document doc = { .late = &f.report };
	const struct scxray_text_options options = { .width = 200 };
	FILE *out = open_memstream(&f.text, &f.size);

	ck_assert_int_eq(scxray_render_text(&doc, &options, out), 0);
	fclose(out);
	out = open_memstream(&f.json, &f.size);
	ck_assert_int_eq(scxray_render_json(&doc, out), 0);
	fclose(out);
}

static void stop(void)
{
	free(f.text);
	free(f.json);
}

static void has(const char *where, const char *what)
{
	ck_assert_msg(strstr(where, what), "no \"%s\" in:\n%s", what, where);
}

START_TEST(pressure_has_a_row_for_each_that_waited)
{
	start();
	render();
	has(f.text, "cgroup_psi: 4 cgroups captured");
	has(f.text, "22.18% 1.5s");
	has(f.text, "/none");
	has(f.text, "nobody knows");
	has(f.text, "0xffff888000def000");
	has(f.text, "removed");
	has(f.text, "<unreadable: 0xffff888000123000: page not mapped>");
	has(f.text, "  1 never waited\n");
	has(f.text, "(cut: cut after 4 cgroups)");
	ck_assert_ptr_null(strstr(f.text, "/calm"));
	has(f.json, "\"cpu\":{\"some\":{\"total_ns\":1500000000,\"avg10\":22.18,\"avg60\":22.18,"
		    "\"avg300\":22.18}}");
	has(f.json, "\"path\":\"/calm\"");
	has(f.json, "\"dying\":true");
	has(f.json, "\"unavailable\":\"nobody knows\"");
	has(f.json, "\"cgroup_psi_cut\":\"cut after 4 cgroups\"");
	stop();

	start();
	f.report.nr_cgroup_psi = 0;
	f.report.unavailable[SCXRAY_GROUP_PSI] = "off";
	render();
	has(f.text, "cgroup_psi: <unavailable: off>");
	has(f.json, "\"cgroup_psi_unavailable\":\"off\"");
	stop();
}
END_TEST

START_TEST(locks_say_who_waits_and_who_holds)
{
	start();
	render();
	has(f.text, "locks: 1 task in lock slow paths, 1 resilient spinlock held");
	has(f.text, "waiter[102] in rwsem_down_write_slowpath");
	has(f.text, "cpu 1 #0: 0xffff888000abc000 (some_lock), locked, cpu 0 queues last");
	has(f.text, "held for an op on cpu 0, cpu 1 queues last");
	has(f.json, "\"lock_slowpath_match\":\"rwsem_down_write_slowpath\"");
	has(f.json, "\"held_rqspinlocks\":[");
	has(f.json, "\"lock_tail_cpu\":1");
	has(f.text, "CPU 0 waits for a lock: spinner[7] is in native_queued_spin_lock_slowpath().");
	has(f.json, "\"cpu_in_lock\"");
	stop();
}
END_TEST

START_TEST(tasks_of_higher_classes_stand_by_their_cpu)
{
	start();
	render();
	has(f.text, "rt and deadline tasks: behind[101]");
	has(f.text, "run queue of cpu 1");
	has(f.text, "dl=95ms/100ms");
	has(f.text, "hog[100] of class dl keeps CPU 1; that class comes before sched_ext (its");
	has(f.json, "its deadline parameters give it 95ms of every 100ms");
	has(f.json, "Before them behind[101] of such a class comes, runnable there too.");
	has(f.json, "\"higher_class_tasks\":[{");
	has(f.json, "\"queued_cpu\":1");
	has(f.json, "\"dl_period_ns\":100000000");
	stop();
}
END_TEST

static const unit_test tests[] = {
	&pressure_has_a_row_for_each_that_waited,
	&locks_say_who_waits_and_who_holds,
	&tasks_of_higher_classes_stand_by_their_cpu,
};

UNIT_MAIN("render_psi", tests)
