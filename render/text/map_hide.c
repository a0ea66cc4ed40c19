/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_hide.c - members of values that say nothing of a scheduler's state: without --full the
 * text only counts them
 */
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "render/out/join.h"
#include "render/text/map.h"

/* The kernel's constants, which every scheduler that includes scx's headers has in .rodata. */
static bool is_constant(const struct map_text *m, const struct node *root, const struct node *n)
{
	(void)m;
	return root->text && !strcmp(root->text, ".rodata") && n->name &&
	       !strncmp(n->name, "__SCX_", strlen("__SCX_"));
}

bool map_text_is_format(const struct node *n)
{
	return n->is_string && n->name && !strncmp(n->name, "____", 4) && strstr(n->name, ".fmt");
}

static bool is_format(const struct map_text *m, const struct node *root, const struct node *n)
{
	(void)m;
	(void)root;
	return map_text_is_format(n);
}

/* The trampoline of an op that is among the ops of a scheduler in the report. */
static bool is_op(const struct map_text *m, const struct node *root, const struct node *n)
{
	const struct scxray_report *r = m->t->report;
	bool found = false;
	struct strbuf addr;

	(void)root;
	if (!m->map->type_name || strcmp(m->map->type_name, "struct_ops") != 0 || !n->is_scalar ||
	    !n->name || !text_wants(m->t, GROUP_SCHED))
		return false;
	strbuf_init(&addr, NULL);
	for (size_t s = 0; s < r->nr_scheds && !found; s++)
		for (size_t i = 0; i < r->scheds[s].nr_ops && !found; i++) {
			const struct scxray_op *op = &r->scheds[s].ops[i];

			if (strcmp(op->name, n->name) != 0 || !num_true(&op->func.addr))
				continue;
			addr.len = 0;
			strbuf_hex(&addr, op->func.addr.value, 16);
			found = n->text_len >= addr.len && !memcmp(n->text, addr.data, addr.len);
		}
	strbuf_deinit(&addr);
	return found;
}

static const struct {
	bool (*is)(const struct map_text *m, const struct node *root, const struct node *n);
	const char *one, *many;
} kinds[] = {
	{ is_constant, "constant __SCX_*", "constants __SCX_*" },
	{ is_format, "format that it prints with", "formats that it prints with" },
	{ is_op, "op, named with its scheduler", "ops, named with their scheduler" },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t hide(const struct map_text *m, struct node *root, size_t kind)
{
	size_t nr = 0;

	root->last = NULL;
	for (struct node **link = &root->first; *link;) {
		if (kinds[kind].is(m, root, *link)) {
			*link = (*link)->next;
			root->nr_children--;
			nr++;
		} else {
			root->last = *link;
			link = &(*link)->next;
		}
	}
	return nr;
}

void map_text_hide(const struct map_text *m, struct node *root, struct strbuf *note)
{
	if (!root || root->kind != NODE_STRUCT || m->t->full)
		return;
	for (size_t k = 0; k < NR_KINDS; k++) {
		size_t nr = hide(m, root, k);

		if (nr)
			strbuf_printf(note, "%s%zu %s", note->len ? "; " : "", nr,
				      nr == 1 ? kinds[k].one : kinds[k].many);
	}
}
