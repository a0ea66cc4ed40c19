/* SPDX-License-Identifier: BSD-2-Clause */
/* find_panic.c - the kernel itself gave up: what it said, and where */
#include <base/array.h>

#include <scxray/host.h>
#include <scxray/log.h>
#include <scxray/report_struct.h>
#include <scxray/vcpu.h>

#include "render/diagnosis/find.h"
#include "render/out/cells.h"
#include "render/out/join.h"

/* kernel/panic.c, and what an exception says first */
static const struct {
	const char *text;
	bool panic;
} words[] = {
	{ "Kernel panic - not syncing: ", true }, { "Oops: ", false },
	{ "BUG: kernel NULL pointer", false },	  { "BUG: unable to handle page fault", false },
	{ "general protection fault", false },
};

/* The last record of the log that says so; of an oops and its panic, the panic. */
static size_t last_words(const struct scxray_report *r, bool *panic)
{
	size_t found = SIZE_MAX;

	*panic = false;
	for (size_t i = 0; i < r->nr_log; i++) {
		const struct scxray_text *text = &r->log[i].text;

		for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
			if (text->state != SCXRAY_PRESENT || (*panic && !words[w].panic) ||
			    strncmp(text->bytes, words[w].text, strlen(words[w].text)) != 0)
				continue;
			found = i;
			*panic = words[w].panic;
		}
	}
	return found;
}

static bool begins(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return symbol && !strncmp(symbol, name, len) && (symbol[len] == '+' || !symbol[len]);
}

/* The vCPU that runs panic(), and the frame that called it. */
static const struct scxray_vcpu *panicking(const struct scxray_report *r, const char **caller)
{
	for (size_t i = 0; i < r->nr_vcpus; i++) {
		const struct scxray_stack_trace *stack = &r->vcpus[i].backtrace;
		bool in_panic = false;

		for (size_t n = 0; n < stack->nr; n++) {
			const char *symbol = stack->frames[n].symbol;

			if (begins(symbol, "panic") || begins(symbol, "vpanic"))
				in_panic = true;
			else if (in_panic) {
				*caller = symbol;
				return &r->vcpus[i];
			}
		}
	}
	return NULL;
}

/* What the kernel's own watchdogs say of a CPU that does not come out of something. */
static const char *const lockups[] = {
	"watchdog: BUG: soft lockup",
	"watchdog: Watchdog detected hard LOCKUP",
	"watchdog: CPU",
	"rcu: INFO: ",
	"INFO: task ",
};

static bool is_lockup(const struct scxray_text *text)
{
	for (size_t i = 0;
	     text->state == SCXRAY_PRESENT && i < sizeof(lockups) / sizeof(lockups[0]); i++)
		if (!strncmp(text->bytes, lockups[i], strlen(lockups[i])))
			return true;
	return false;
}

/* The last such record since a scheduler was enabled. */
void find_lockup(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	struct strbuf *sb;

	for (size_t i = r->nr_log; i-- > 0;) {
		const struct scxray_text *text = &r->log[i].text;

		if (text->state == SCXRAY_PRESENT && !strncmp(text->bytes, "sched_ext: BPF", 14))
			return;
		if (!is_lockup(text))
			continue;
		sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_ERROR, "lockup_in_log");
		strbuf_puts(sb, "The kernel's log says: \"");
		cell_text(sb, text);
		strbuf_puts(sb, "\".");
		finding_add_path(dg, r, "kernel_log[%zu].text", i);
		return;
	}
}

void find_panic(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	const char *caller = NULL;
	const struct scxray_vcpu *v;
	struct strbuf *sb;
	bool panic;
	size_t i = last_words(r, &panic);

	if (i == SIZE_MAX)
		return;
	v = panicking(r, &caller);
	sb = finding_begin(dg, panic ? RANK_CAUSE : RANK_EVIDENCE, SEVERITY_ERROR, "kernel_panic");
	finding_last(dg)->weight = UINT64_MAX;
	strbuf_puts(sb, panic ? "The kernel panicked" : "The kernel oopsed before");
	if (v && v->cpu.state == SCXRAY_PRESENT) {
		strbuf_printf(sb, " on CPU %llu", (unsigned long long)v->cpu.value);
		finding_last(dg)->cpu = (int32_t)v->cpu.value;
	}
	if (v && v->curr_pid.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, ", where ");
		cell_text(sb, &v->curr_comm);
		strbuf_printf(sb, "[%lld] is current", (long long)num_signed(&v->curr_pid));
	}
	if (caller) {
		strbuf_puts(sb, ", in ");
		cell_string(sb, caller);
	}
	strbuf_puts(sb, ": \"");
	cell_text(sb, &r->log[i].text);
	strbuf_puts(sb, "\".");
	finding_add_path(dg, r, "kernel_log[%zu].text", i);
}
