/* SPDX-License-Identifier: BSD-2-Clause */
/* pair.c - do two reports belong together, and which is the earlier? */
#include "render/out/pair.h"

#include <string.h>

#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "render/out/join.h"

static bool differ(const struct scxray_num *a, const struct scxray_num *b)
{
	return a->state == SCXRAY_PRESENT && b->state == SCXRAY_PRESENT && a->value != b->value;
}

static uint64_t task_of_pid(const struct scxray_report *r, uint64_t pid)
{
	for (size_t i = 0; i < r->nr_tasks; i++)
		if (num_is(&r->tasks[i].pid, pid))
			return r->tasks[i].kva;
	return 0;
}

/* Another kernel, another KASLR offset, or init's task_struct at another address. */
static bool other_boot(const struct scxray_report *a, const struct scxray_report *b)
{
	const struct scxray_text *banner = &a->guest.banner, *other = &b->guest.banner;
	uint64_t init = task_of_pid(a, 1), other_init = task_of_pid(b, 1);

	if (banner->state == SCXRAY_PRESENT && other->state == SCXRAY_PRESENT &&
	    (banner->len != other->len || memcmp(banner->bytes, other->bytes, banner->len) != 0))
		return true;
	return differ(&a->guest.kaslr_offset, &b->guest.kaslr_offset) ||
	       differ(&a->guest.phys_base, &b->guest.phys_base) ||
	       (init && other_init && init != other_init);
}

/* No jiffy apart, and no CPU's clock has moved. */
static bool same_moment(const struct scxray_report *a, const struct scxray_report *b)
{
	if (a->guest.jiffies.state != SCXRAY_PRESENT ||
	    !num_is(&b->guest.jiffies, a->guest.jiffies.value))
		return false;
	for (size_t i = 0; i < a->nr_rqs; i++) {
		const struct scxray_rq *rq = report_find_rq(b, a->rqs[i].cpu);

		if (rq && differ(&a->rqs[i].clock, &rq->clock))
			return false;
	}
	return true;
}

enum scxray_pair reports_pair(const struct scxray_report *early, const struct scxray_report *late)
{
	uint64_t before, after;

	if (other_boot(early, late))
		return SCXRAY_PAIR_OTHER_BOOT;
	if (same_moment(early, late))
		return SCXRAY_PAIR_SAME_MOMENT;
	if (num_get(&early->guest.jiffies, &before) && num_get(&late->guest.jiffies, &after) &&
	    (int64_t)(after - before) < 0)
		return SCXRAY_PAIR_SWAPPED;
	return SCXRAY_PAIR_IN_ORDER;
}

const char *pair_not_compared(const struct scxray_document *doc)
{
	static const char *const reasons[] = {
		[SCXRAY_PAIR_SAME_MOMENT] = "early and late are the same moment",
		[SCXRAY_PAIR_OTHER_BOOT] = "early and late are of two boots or two kernels",
	};

	return (size_t)doc->pair < ARRAY_SIZE(reasons) ? reasons[doc->pair] : NULL;
}
