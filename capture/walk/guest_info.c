/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_info.c - the guest as a whole: banner, CPUs, time, and what is missing in its kernel
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/guest.h>
#include <scxray/report_struct.h>

#include "capture/read/list.h"
#include "capture/read/read.h"
#include "capture/walk/walkers.h"

#define MAX_BANNER 512
#define NSEC_PER_SEC 1000000000ULL

static void banner(struct walk *w, struct scxray_guest *guest)
{
	static const char prefix[] = "Linux version ";
	uint64_t addr = w->k->layout.symbol[S_linux_banner];
	char text[MAX_BANNER];
	size_t len;

	if (guest_read_string(w->g, addr, text, sizeof(text), &len))
		return;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	guest->banner = (struct scxray_text){
		.bytes = pool_strndup(w->pool, text, len),
		.len = len,
		.addr = addr,
		.state = SCXRAY_PRESENT,
	};
	if (len > strlen(prefix)) {
		const char *release = text + strlen(prefix);

		guest->release = guest->banner;
		guest->release.len = strcspn(release, " ");
		guest->release.bytes = pool_strndup(w->pool, release, guest->release.len);
		guest->release.addr = addr + strlen(prefix);
	}
	if (!guest->banner.bytes || !guest->release.bytes)
		guest->banner = guest->release = (struct scxray_text){ 0 };
}

/*
 * No variable holds HZ; the jiffies clocksource is built from it: mult = TICK_NSEC << shift (kernel/time/jiffies.c).
 */
static struct scxray_num hz(struct walk *w)
{
	uint64_t clock = w->k->layout.symbol[S_clocksource_jiffies];
	struct scxray_num mult, shift, rate;

	if (!clock) {
		w->symbol_missing[S_clocksource_jiffies] = true;
		return (struct scxray_num){ .reason = "clocksource_jiffies",
					    .state = SCXRAY_MISSING };
	}
	mult = read_member(w, clock, M_clocksource_mult);
	shift = read_member(w, clock, M_clocksource_shift);
	if (mult.state != SCXRAY_PRESENT)
		return mult;
	if (shift.state != SCXRAY_PRESENT)
		return shift;
	if (shift.value > 31 || !(mult.value >> shift.value))
		return (struct scxray_num){
			.value = clock,
			.reason = "the jiffies clocksource makes no sense",
			.state = SCXRAY_UNREADABLE,
		};
	/* TICK_NSEC is rounded, so round back */
	rate = num_present((NSEC_PER_SEC + (mult.value >> shift.value) / 2) /
			   (mult.value >> shift.value));
	return rate;
}

void walk_guest(struct walk *w, const struct scxray_source *source)
{
	struct scxray_guest *guest = &w->r->guest;

	banner(w, guest);
	guest->nr_cpus = read_symbol(w, S_nr_cpu_ids, false);
	guest->nr_nodes = has_symbol(w, S_nr_node_ids)
				  ? read_symbol(w, S_nr_node_ids, false)
				  : num_present(1); /* without NUMA it is a constant */
	guest->jiffies = read_symbol(w, S_jiffies_64, false);
	if (w->k->has_types)
		guest->hz = hz(w);
	if (w->k->has_kaslr_offset)
		guest->kaslr_offset = num_present(w->k->kaslr_offset);
	else
		guest->kaslr_offset = (struct scxray_num){
			.reason = "KERNELOFFSET of VMCOREINFO",
			.state = SCXRAY_MISSING,
		};
	guest->phys_base = num_present(w->k->phys_base);
	guest->paging_levels = w->k->levels;
	guest->memory_bytes = phys_size(&source->phys);
	guest->nr_symbols = w->k->symbols.nr;
	guest->nr_types = w->k->has_types ? w->k->types.nr - 1 : 0;
	guest->found_by = kernel_route_text(w->k->route);
}

/* A program's symbol is a part of its bpf_prog_aux; a trampoline's is not, and it says so. */
static uint64_t aux_of(struct walk *w, uint64_t ksym)
{
	struct scxray_num is_prog = read_optional(w, ksym, M_bpf_ksym_prog);

	if (is_prog.state != SCXRAY_PRESENT || !is_prog.value ||
	    !has_member(w, M_bpf_prog_aux_ksym))
		return 0;
	return ksym - w->k->layout.member[M_bpf_prog_aux_ksym].offset;
}

/* BPF programs and trampolines: kernel/bpf/core.c keeps them in the list bpf_kallsyms. */
void walk_bpf_symbols(struct walk *w)
{
	struct list_iter it;
	uint64_t node;

	if (!has_symbol(w, S_bpf_kallsyms) || !has_member(w, M_bpf_ksym_lnode))
		return;
	list_start(&it, w, w->k->layout.symbol[S_bpf_kallsyms], w->settings.max_list);
	while (list_next(&it, &node)) {
		uint64_t ksym = node - w->k->layout.member[M_bpf_ksym_lnode].offset;
		struct scxray_num start = read_member(w, ksym, M_bpf_ksym_start);
		struct scxray_num end = read_member(w, ksym, M_bpf_ksym_end);
		struct scxray_text name = read_text_array(w, ksym, M_bpf_ksym_name);

		if (w->mode != WALK_RECORD && start.state == SCXRAY_PRESENT &&
		    end.state == SCXRAY_PRESENT && name.state == SCXRAY_PRESENT &&
		    symbols_add_bpf(&w->k->symbols, start.value, end.value, aux_of(w, ksym),
				    name.bytes))
			break;
	}
	if (w->mode != WALK_RECORD) /* what the rehearsal found is good enough to unwind by */
		symbols_sort_bpf(&w->k->symbols);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lists what walkers asked for in vain. */
void walk_missing(struct walk *w)
{
	struct scxray_guest *guest = &w->r->guest;
	const char **names =
		pool_alloc(w->pool, (LAYOUT_NR_MEMBERS + LAYOUT_NR_SYMBOLS) * sizeof(*names));
	size_t nr = 0;

	if (!names || is_recording(w))
		return;
	for (int m = 0; m < LAYOUT_NR_MEMBERS; m++)
		if (w->member_missing[m])
			names[nr++] = layout_member_name(m);
	for (int s = 0; s < LAYOUT_NR_SYMBOLS; s++)
		if (w->symbol_missing[s])
			names[nr++] = layout_symbol_name(s);
	qsort(names, nr, sizeof(*names), by_text);
	guest->missing = names;
	guest->nr_missing = nr;
}
