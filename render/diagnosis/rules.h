/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.h - why do these tasks wait?  One row a rule, the strongest first
 *
 * A rule tells the tasks that it explains in one finding for each thing that they share, and
 * claims them: a weaker rule does not tell them again.
 */
#ifndef RENDER_RULES_H
#define RENDER_RULES_H

#include "render/diagnosis/facts.h"

void rule_verdict_left(struct facts *f);
void rule_kick_circle(struct facts *f);
void rule_program_loops(struct facts *f);
void rule_rescue(struct facts *f);
void rule_cpu_offline(struct facts *f);
void rule_lost_kick(struct facts *f);
void rule_cpu_kept(struct facts *f);
void rule_affinity(struct facts *f);
void rule_dsq_not_consumed(struct facts *f);
void rule_starved(struct facts *f);
void rule_slow_queue(struct facts *f);
void rule_held(struct facts *f);
void rule_hands(struct facts *f);

/* All of them, in their order. */
void rules_apply(struct facts *f);

#endif
