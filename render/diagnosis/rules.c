/* SPDX-License-Identifier: BSD-2-Clause */
/* rules.c - the rules about tasks that wait, in the order of their strength */
#include <base/array.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "render/diagnosis/rules.h"

static void (*const rules[])(struct facts *f) = {
	rule_verdict_left,     /* a fault of the kernel */
	rule_rescue,	       /* the kernel has taken them */
	rule_kick_circle,      /* CPUs wait for each other */
	rule_program_loops,    /* a CPU that does not come out of a program */
	rule_cpu_offline,      /* and nobody else takes its tasks */
	rule_lost_kick,	       /* idle with tasks on its own queue */
	rule_cpu_kept,	       /* a higher class, an endless slice */
	rule_dsq_not_consumed, /* by nobody */
	rule_affinity,	       /* not by a CPU that they may use */
	rule_starved,	       /* others go before them */
	rule_slow_queue,       /* in order, too slowly */
	rule_held,	       /* in a map, or lost */
	rule_hands,	       /* all else */
};

void rules_apply(struct facts *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i](f);
}
