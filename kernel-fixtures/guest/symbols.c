// SPDX-License-Identifier: BSD-2-Clause
/*
 * symbols.txt: lines of /proc/kallsyms ("ADDRESS TYPE NAME", run-time addresses) for the symbols
 * below, as far as this kernel has them. A symbol that is there twice is sent twice.
 * kallsyms.txt, where asked for: all of it.
 */
#include <stdlib.h>
#include <string.h>

#include "guest.h"

static const char *const wanted[] = {
	/* where things are */
	"_text",
	"_stext",
	"_etext",
	"_sdata",
	"_end",
	"init_top_pgt",
	"phys_base",
	"page_offset_base",
	"vmalloc_base",
	"vmemmap_base",
	"entry_SYSCALL_64",
	"asm_exc_divide_error",
	"linux_banner",
	"init_task",
	"init_pid_ns",
	"idt_table",
	/* per CPU */
	"__per_cpu_offset",
	"__per_cpu_start",
	"runqueues",
	"nr_cpu_ids",
	"__cpu_possible_mask",
	"__cpu_online_mask",
	"current_task",
	"pcpu_hot",
	/* types and symbols */
	"__start_BTF",
	"__stop_BTF",
	"kallsyms_num_syms",
	"kallsyms_names",
	"kallsyms_markers",
	"kallsyms_token_table",
	"kallsyms_token_index",
	"kallsyms_offsets",
	"kallsyms_relative_base",
	"kallsyms_seqs_of_names",
	"vmcoreinfo_data",
	"vmcoreinfo_note",
	/* BPF */
	"map_idr",
	"prog_idr",
	"btf_idr",
	"link_idr",
	"bpf_kallsyms",
	/* sched_ext */
	"scx_root",
	"scx_ops",
	"scx_exit_info",
	"dsq_hash",
	"global_dsqs",
	"scx_sched_all",
	"scx_sched_hash",
	"scx_tasks",
	"scx_enable_state_var",
	"scx_ops_enable_state_var",
	"scx_watchdog_timestamp",
	"scx_watchdog_timeout",
	"scx_watchdog_interval",
	"scx_bypass_depth",
	"scx_ops_bypass_depth",
	"scx_slice_dfl",
	"scx_dump_state",
	"scx_disable_workfn",
	"emergency_restart",
	"scx_watchdog_workfn",
	"ext_sched_class",
	"fair_sched_class",
	"rt_sched_class",
	"idle_sched_class",
	"jiffies",
	"jiffies_64",
};

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strcmp(wanted[i], name))
			return true;
	}
	return false;
}

static void send_all(FILE *in)
{
	FILE *out = file_begin();
	char chunk[4096];
	size_t got;

	rewind(in);
	while ((got = fread(chunk, 1, sizeof(chunk), in)))
		fwrite(chunk, 1, got, out);
	file_send(out, "kallsyms.txt");
}

/* Returns the addresses at which the host stops the guest. */
struct stops symbols_send(const struct options *options)
{
	FILE *out = file_begin();
	FILE *in = fopen("/proc/kallsyms", "re");
	char line[1024];
	const char *last = mode_of(options->mode)->stop_at;
	struct stops stops = { 0 };

	if (!in)
		die("/proc/kallsyms is unreadable");
	while (fgets(line, sizeof(line), in)) {
		char name[512], type;
		unsigned long address;

		/* Modules' and programs' symbols have a [module] after the name. */
		if (strchr(line, '[') || sscanf(line, "%lx %c %511s", &address, &type, name) != 3 ||
		    !is_wanted(name))
			continue;
		fputs(line, out);
		if (!strcmp(name, "scx_dump_state"))
			stops.dump_state = address;
		if (!strcmp(name, last ? last : "scx_dump_state"))
			stops.last = address;
	}
	if (options->all_symbols)
		send_all(in);
	fclose(in);
	file_send(out, "symbols.txt");
	return stops;
}
