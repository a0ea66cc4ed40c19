/* SPDX-License-Identifier: BSD-2-Clause */
/* age.c - tasks in the order in which they have waited */
#include <stdlib.h>

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/join.h"

struct aged {
	const struct scxray_num *age;
	uint32_t index;
};

static int by_age(const void *va, const void *vb)
{
	const struct aged *a = va, *b = vb;
	bool has_a = a->age->state == SCXRAY_PRESENT, has_b = b->age->state == SCXRAY_PRESENT;

	if (has_a != has_b)
		return has_a ? -1 : 1;
	if (has_a && num_signed(a->age) != num_signed(b->age))
		return num_signed(a->age) > num_signed(b->age) ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

uint32_t *tasks_by_age(const struct scxray_report *r)
{
	struct aged *aged = calloc(r->nr_tasks + 1, sizeof(*aged));
	uint32_t *order = r->nr_tasks ? calloc(r->nr_tasks, sizeof(*order)) : NULL;

	for (size_t i = 0; aged && order && i < r->nr_tasks; i++)
		aged[i] = (struct aged){ &r->tasks[i].runnable_age_jiffies, (uint32_t)i };
	if (aged && order)
		qsort(aged, r->nr_tasks, sizeof(*aged), by_age);
	for (size_t i = 0; aged && order && i < r->nr_tasks; i++)
		order[i] = aged[i].index;
	if (!aged) {
		free(order);
		order = NULL;
	}
	free(aged);
	return order;
}
