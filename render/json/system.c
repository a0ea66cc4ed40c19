/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - the guest, programs, CPU time, NUMA nodes and the kernel's log as JSON
 */
#include <base/array.h>

#include <scxray/guest.h>
#include <scxray/log.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/system.h>

#include "render/json/report.h"

#include "render/json/tables.h"
#include "render/out/field.h"
#include "render/out/reasons.h"

static const struct field guest_fields[] = {
	FIELD(scxray_guest, release, "release", FIELD_TEXT),
	FIELD(scxray_guest, banner, "banner", FIELD_TEXT),
	FIELD(scxray_guest, nr_cpus, "nr_cpus", FIELD_NUM),
	FIELD(scxray_guest, nr_nodes, "nr_nodes", FIELD_NUM),
	FIELD(scxray_guest, hz, "hz", FIELD_NUM),
	FIELD(scxray_guest, jiffies, "jiffies", FIELD_NUM),
	FIELD(scxray_guest, kaslr_offset, "kaslr_offset", FIELD_ADDR),
	FIELD(scxray_guest, phys_base, "phys_base", FIELD_SIGNED),
	FIELD(scxray_guest, paging_levels, "paging_levels", FIELD_U32),
	FIELD(scxray_guest, memory_bytes, "memory_bytes", FIELD_U64),
	FIELD(scxray_guest, nr_symbols, "nr_symbols", FIELD_U32),
	FIELD(scxray_guest, nr_types, "nr_types", FIELD_U32),
	FIELD(scxray_guest, found_by, "found_by", FIELD_STRING),
	FIELD(scxray_guest, missing, "missing_members", FIELD_STRINGS),
};
const struct field_table json_guest_table = FIELD_TABLE(guest_fields);

void json_guest(struct json *j, const struct scxray_guest *guest)
{
	json_key(j, "guest");
	json_object(j);
	json_fields(j, guest_fields, ARRAY_SIZE(guest_fields), guest);
	json_object_end(j);
}

static const struct field prog_fields[] = {
	FIELD(scxray_prog, id, "id", FIELD_U32),
	FIELD(scxray_prog, name, "name", FIELD_TEXT),
	FIELD(scxray_prog, kva, "prog_kva", FIELD_KVA),
	FIELD(scxray_prog, struct_ops, "struct_ops", FIELD_STRING),
	FIELD(scxray_prog, op, "op", FIELD_STRING),
	FIELD(scxray_prog, sched_kva, "sched_kva", FIELD_ADDR),
	FIELD(scxray_prog, sched_name, "sched_name", FIELD_STRING),
	FIELD(scxray_prog, cnt, "cnt", FIELD_NUM),
	FIELD(scxray_prog, nsecs, "nsecs", FIELD_NUM),
	FIELD(scxray_prog, misses, "misses", FIELD_NUM),
	FIELD(scxray_prog, mean_ns, "mean_ns", FIELD_NUM),
};

static const struct field cpu_time_fields[] = {
	FIELD(scxray_cpu_time, cpu, "cpu", FIELD_U32),
	FIELD(scxray_cpu_time, user, "cpustat_user_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, nice, "cpustat_nice_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, system, "cpustat_system_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, softirq, "cpustat_softirq_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, irq, "cpustat_irq_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, idle, "cpustat_idle_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, iowait, "cpustat_iowait_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, steal, "cpustat_steal_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, idle_sleeptime, "idle_sleeptime_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, iowait_sleeptime, "iowait_sleeptime_ns", FIELD_NUM),
	FIELD(scxray_cpu_time, irqs_sum, "irqs_sum", FIELD_NUM),
};

static const struct field numa_fields[] = {
	FIELD(scxray_numa_node, node, "node", FIELD_U32),
	FIELD(scxray_numa_node, hit, "numa_hit", FIELD_NUM),
	FIELD(scxray_numa_node, miss, "numa_miss", FIELD_NUM),
	FIELD(scxray_numa_node, foreign, "numa_foreign", FIELD_NUM),
	FIELD(scxray_numa_node, interleave_hit, "numa_interleave_hit", FIELD_NUM),
	FIELD(scxray_numa_node, local, "numa_local", FIELD_NUM),
	FIELD(scxray_numa_node, other, "numa_other", FIELD_NUM),
};

static const struct field log_fields[] = {
	FIELD(scxray_log_record, seq, "seq", FIELD_NUM),
	FIELD(scxray_log_record, ts_ns, "ts_ns", FIELD_NUM),
	FIELD(scxray_log_record, level, "level", FIELD_NUM),
	FIELD(scxray_log_record, facility, "facility", FIELD_NUM),
	FIELD(scxray_log_record, caller, "caller", FIELD_STRING),
	FIELD(scxray_log_record, state, "state", FIELD_STRING),
	FIELD(scxray_log_record, text, "text", FIELD_TEXT),
};
const struct field_table json_log_table = FIELD_TABLE(log_fields);

/* `nr` structs of `size` bytes as an array of objects; nothing where there are none. */
static void objects(struct json *j, const char *key, const struct field *fields, size_t nr_fields,
		    const void *base, size_t nr, size_t size)
{
	if (!nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < nr; i++) {
		json_object(j);
		json_fields(j, fields, nr_fields, (const char *)base + i * size);
		json_object_end(j);
	}
	json_array_end(j);
}

void json_progs(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_PROGS);
	json_num_field(j, "bpf_stats_enabled", &r->bpf_stats_enabled, FIELD_FLAG);
	objects(j, "prog_runtime_stats", prog_fields, ARRAY_SIZE(prog_fields), r->progs,
		r->nr_progs, sizeof(*r->progs));
}

static void json_cpu_time(struct json *j, const struct scxray_cpu_time *time)
{
	json_object(j);
	json_fields(j, cpu_time_fields, ARRAY_SIZE(cpu_time_fields), time);
	if (time->nr_softirqs) {
		json_key(j, "softirqs");
		json_array(j);
		for (size_t i = 0; i < time->nr_softirqs; i++) {
			const struct scxray_num *num = &time->softirqs[i];

			if (num->state == SCXRAY_UNREADABLE)
				json_unreadable(j, num->value, num->reason);
			else
				json_u64(j, num->value);
		}
		json_array_end(j);
	}
	json_object_end(j);
}

void json_times(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_CPU_TIMES);
	if (r->nr_cpu_times) {
		json_key(j, "per_cpu_time");
		json_array(j);
		for (size_t i = 0; i < r->nr_cpu_times; i++)
			json_cpu_time(j, &r->cpu_times[i]);
		json_array_end(j);
	}
	json_reasons(j, r, SCXRAY_GROUP_NUMA);
	objects(j, "per_node_numa", numa_fields, ARRAY_SIZE(numa_fields), r->numa_nodes,
		r->nr_numa_nodes, sizeof(*r->numa_nodes));
}

void json_log(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_LOG);
	objects(j, "kernel_log", log_fields, ARRAY_SIZE(log_fields), r->log, r->nr_log,
		sizeof(*r->log));
}
