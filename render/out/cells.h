/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cells.h - the text output: its state and width, sections, paragraphs, and cells
 */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include <scxray/atoms.h>
#include <scxray/render.h>

#include "render/out/groups.h"
#include "render/out/strbuf.h"

struct scxray_dsq;
struct scxray_guest;
struct scxray_host;
struct scxray_regs;
struct scxray_task;

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,   /* headings, names that a reader looks for */
	STYLE_DIM,    /* of little interest; unreadable parts */
	STYLE_RED,    /* stalled, errors */
	STYLE_YELLOW, /* half-way to a stall, warnings */
	STYLE_GREEN,
	STYLE_CYAN,
};

#define TEXT_MAX_CARDS 8
#define TEXT_SUMMARY_ROWS 4 /* of each part of a summary, so that it fits a screen */

struct diff;

struct text {
	struct strbuf out;
	unsigned width;
	bool color;
	bool full;	  /* show everything: text_cap() cuts nothing */
	bool summary;	  /* a screen: the diagnosis, the first of each part, counts */
	bool any_section; /* the report has a section already: a blank line comes before the next one */
	const struct scxray_document *doc;
	/* of the early half: what equals the late report is not repeated, nor what diff has shown */
	const struct scxray_report *late;
	const struct diff *diff;
	/* the report that is being written */
	const struct scxray_report *report;
	uint64_t timeout_jiffies; /* the watchdog's timeout, 0 if not known */
	/* the late report's tasks that have a block of their own: other parts refer to it */
	const struct scxray_task *cards[TEXT_MAX_CARDS];
	size_t nr_cards;
};

static inline bool text_has_card(const struct text *t, const struct scxray_task *task)
{
	for (size_t i = 0; i < t->nr_cards; i++)
		if (t->cards[i] == task)
			return true;
	return false;
}

/* How many of a kind are shown: `cap`, or all with --full. */
static inline size_t text_cap(const struct text *t, size_t cap)
{
	return t->full ? SIZE_MAX : t->summary && cap > TEXT_SUMMARY_ROWS ? TEXT_SUMMARY_ROWS : cap;
}

static inline bool text_wants(const struct text *t, enum group group)
{
	return group_wanted(t->doc->only, group);
}

/* Are some groups asked for by name?  Then one that has nothing says why. */
static inline bool text_is_asked(const struct text *t)
{
	return t->doc->only && t->doc->only->groups;
}

/* Ends the section before, if any, with a blank line. */
void text_section(struct text *t);
/* "{group}: <unavailable: {reason}>" as a section of its own. */
void text_unavailable(struct text *t, const char *group, const char *reason);

/* Colour on and off; no effect if the output has no colours. */
void style_begin(const struct text *t, struct strbuf *sb, enum style style);
void style_end(const struct text *t, struct strbuf *sb, enum style style);
/* Writes `s` in a style to the output. */
void text_styled(struct text *t, enum style style, const char *s);

/*
 * Writes a paragraph and its newline: the words of `s` (already escaped), wrapped to the
 * width. The first line begins at column `column`, later lines are indented by `indent`.
 */
void text_wrap(struct text *t, const char *s, size_t column, size_t indent);

/* A blank at which text_wrap() does not break the line; escaped text never contains it. */
#define NO_BREAK '\x01'
/* Makes the text since `start` one word for text_wrap(). */
void cell_keep_words(struct strbuf *sb, size_t start);

/* ---- cells: short texts for tables and sentences, escaped ---------------- */

/* A number, or "<unreadable: 0x...: reason>", or "-" where there is none. */
void cell_num(struct strbuf *sb, const struct scxray_num *num);
void cell_signed(struct strbuf *sb, const struct scxray_num *num);
void cell_hex(struct strbuf *sb, const struct scxray_num *num);
void cell_unreadable(struct strbuf *sb, uint64_t addr, const char *reason);
void cell_text(struct strbuf *sb, const struct scxray_text *text);
void cell_string(struct strbuf *sb, const char *s);
void cell_cpus(struct strbuf *sb, const struct scxray_cpumask *mask);
/* "schedule+0x28", "scxfix_tick+0xbe [bpf] at main.bpf.c:212", or the address where it has no symbol */
void cell_frame(struct strbuf *sb, const struct scxray_address *frame);
/* "comm[pid]", or the address where the task is unknown */
void cell_task(struct strbuf *sb, const struct scxray_task *task, uint64_t kva);
/* "9.168s", "28ms" */
void cell_ms(struct strbuf *sb, int64_t ms);
/* jiffies as seconds, "1042j" where HZ is unknown */
void cell_wait(struct strbuf *sb, const struct scxray_num *hz, uint64_t jiffies);
/* ns as "20ms", "4.5ms", "300us" */
void cell_ns(struct strbuf *sb, uint64_t ns);
/* A slice in ns, or SCX_SLICE_INF (include/linux/sched/ext.h). */
void cell_slice(struct strbuf *sb, const struct scxray_num *slice);
/* how long it has been runnable, "-" if it is not runnable */
void cell_age(struct strbuf *sb, const struct scxray_task *task);
/* "0x57a11", "SCX_DSQ_GLOBAL", "local cpu 1" */
void cell_dsq(struct strbuf *sb, const struct scxray_dsq *dsq);
/* " of scxsub", the scheduler's name after its object; nothing if NULL */
void cell_owner(struct strbuf *sb, const char *sched_name);
/* a DSQ id as a task holds it, by name if it is built in */
void cell_dsq_id(struct strbuf *sb, const struct scxray_num *id);
/* "victimQ1[111] 9.168s" */
void cell_task_age(struct strbuf *sb, const struct scxray_task *task, uint64_t kva);

/* "vCPU rendezvous timed out before parked acknowledgement: 5000ms; 1/2 vCPUs parked" */
void cell_degraded(struct strbuf *sb, const struct scxray_host *host);
/* "DSQ 0x57a11 #1/3", "runs on cpu 0", "BPF scheduler" */
void cell_custody(struct strbuf *sb, const struct scxray_report *r, const struct scxray_task *t);

/* Red above the watchdog's timeout, yellow above half of it. */
enum style task_age_style(const struct text *t, const struct scxray_task *task);

/* ---- parts of a report, in their order ----------------------------------- */

void text_guest(struct text *t, const struct scxray_guest *guest);
void text_maps(struct text *t, const struct scxray_report *r);
/* The frames as one paragraph, and why they end where that is not the stack's end. */
void text_stack(struct text *t, size_t indent, const struct scxray_stack_trace *stack);
/* True if both are known, and their texts are the same. */
bool stacks_equal(const struct scxray_stack_trace *a, const struct scxray_stack_trace *b);
/* The stacks of these tasks, equal ones together. */
void text_task_stacks(struct text *t, const struct scxray_task *const *tasks, size_t nr);
void text_progs(struct text *t, const struct scxray_report *r);
void text_cpu_times(struct text *t, const struct scxray_report *r);
void text_numa_nodes(struct text *t, const struct scxray_report *r);
void text_tasks(struct text *t, const struct scxray_report *r);
void text_rqs(struct text *t, const struct scxray_report *r);
void text_locks(struct text *t, const struct scxray_report *r);
void text_psi(struct text *t, const struct scxray_report *r);
void text_dsqs(struct text *t, const struct scxray_report *r);
void text_scheds(struct text *t, const struct scxray_report *r);
void text_held_files(struct text *t, const struct scxray_report *r);
void text_log(struct text *t, const struct scxray_report *r);
void text_timeline(struct text *t, const struct scxray_report *r);
void text_perf(struct text *t, const struct scxray_report *r);
/* That a deadline cut the walk. */
void text_truncated(struct text *t, const struct scxray_report *r);
/* What fired, and how long the guest stood still: of the whole document. */
void text_timing(struct text *t);
/* "ip=... sp=... ptroot=..." */
void text_regs(struct text *t, const struct scxray_regs *regs);
/* The banner of a degraded document, with its newline. */
void text_degraded(struct text *t, const struct scxray_report *r);
/* How much there is of each group, and a line for each that is unavailable; of an early half (t->late is set)
 * only the lines that the late one does not have. */
void text_summary(struct text *t, const struct scxray_report *r);

#endif
