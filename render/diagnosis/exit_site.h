/* SPDX-License-Identifier: BSD-2-Clause */
/* exit_site.h - where in the scheduler an error exit was decided, by its backtrace */
#ifndef RENDER_EXIT_SITE_H
#define RENDER_EXIT_SITE_H

#include "render/diagnosis/finding.h"

struct scxray_exit_info;
struct scxray_sched;

struct exit_site {
	struct scxray_text
		program; /* innermost BPF function: "scxfix_dispatch"; NONE: no BPF frame */
	const struct scxray_address *frame; /* of that; NULL likewise */
	const char *op;			    /* that the outermost BPF frame implements, or NULL */
	struct scxray_text called;	    /* kernel function that the innermost called, or NONE */
	const struct scxray_rq *rq;	    /* of the CPU on which it happened, or NULL */
	const struct scxray_task *task;	    /* that the message names, or NULL */
};

/*
 * A live guest is stopped as the exit kind is set, and nothing else of the exit info is then: *info gets the CPU,
 * as backtrace the stack of the vCPU that sets it, and as message words that it will have.  False: no vCPU does.
 */
bool exit_info_of_vcpu(const struct scxray_report *r, struct scxray_exit_info *info);

struct exit_site exit_site(const struct scxray_report *r, const struct scxray_exit_info *info);

/* "ops.dispatch() of scheduler scxfix (scxfix_dispatch+0x3c [bpf] at main.bpf.c:212)" */
void exit_site_put(struct strbuf *sb, const struct exit_site *site, const struct scxray_sched *s);

/* The op that the frame's BPF program implements: "dispatch"; NULL: none, or no BPF frame. */
const char *exit_site_op(const struct scxray_report *r, const struct scxray_address *frame);

/* The kind and the exit info that say how it ended; 0: it has not. */
uint64_t exit_kind(const struct scxray_sched *s, bool *in_info);

#endif
