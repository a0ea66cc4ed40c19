/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_percpu.c - values per CPU: CPUs with equal values share a row; structs that differ in
 * a few members become a table of those members
 */
#include <errno.h>
#include <stdlib.h>

#include <scxray/map.h>

#include "render/out/map_model.h"
#include "render/text/map.h"

#define MAX_GROUPED 64 /* above so many CPUs each has its own row */
#define MIN_TEMPLATE 3 /* so many CPUs, all different, make a table */
#define MAX_VARYING 7
#define MAX_NODES (1u << 20) /* of the trees of one key's values */

/* The values of one key on all CPUs. */
struct percpu {
	struct map_text *m;
	size_t entry, nr; /* CPUs */
	struct tree *trees;
	const struct node **values; /* NULL: unmapped */
	size_t group[MAX_GROUPED];  /* index of the first CPU with the same value */
	size_t nr_groups;
};

/* "  cpus [0, 2, 5]: " for the CPUs that are set in `in`. */
static void put_cpu_set(struct strbuf *sb, const struct percpu *p, const bool *in)
{
	const char *gap = "  cpus [";

	for (size_t c = 0; c < p->nr; c++) {
		if (!in[c])
			continue;
		strbuf_puts(sb, gap);
		strbuf_u64(sb, p->m->map->cpus[c]);
		gap = ", ";
	}
	strbuf_puts(sb, "]: ");
}

static void put_unmapped(struct percpu *p)
{
	bool in[MAX_GROUPED] = { false }, any = false;

	for (size_t c = 0; c < p->nr; c++)
		any |= in[c] = !p->values[c];
	if (!any)
		return;
	put_cpu_set(&p->m->t->out, p, in);
	strbuf_puts(&p->m->t->out, "<unmapped>\n");
}

/* "all CPUs", "cpu 3", "cpus 1-3", "cpus [0, 2]" for the group whose first CPU is `first`. */
static void put_group_label(struct strbuf *sb, const struct percpu *p, size_t first)
{
	const uint32_t *cpus = p->m->map->cpus;
	bool in[MAX_GROUPED] = { false }, contiguous = true;
	size_t nr = 0, last = first;

	for (size_t c = first; c < p->nr; c++) {
		if (!p->values[c] || p->group[c] != first)
			continue;
		if (nr && cpus[c] != cpus[last] + 1)
			contiguous = false;
		in[c] = true;
		last = c;
		nr++;
	}
	if (nr == p->nr)
		strbuf_puts(sb, "  all CPUs: ");
	else if (nr == 1)
		strbuf_printf(sb, "  cpu %u: ", cpus[first]);
	else if (contiguous)
		strbuf_printf(sb, "  cpus %u-%u: ", cpus[first], cpus[last]);
	else
		put_cpu_set(sb, p, in);
}

static void put_groups(struct percpu *p)
{
	struct strbuf label;

	strbuf_init(&label, NULL);
	for (size_t c = 0; c < p->nr; c++) {
		if (!p->values[c] || p->group[c] != c)
			continue;
		label.len = 0;
		put_group_label(&label, p, c);
		strbuf_write(&p->m->t->out, label.data, label.len);
		map_text_node(p->m, p->values[c], 1, label.len);
		strbuf_putc(&p->m->t->out, '\n');
	}
	if (label.error)
		p->m->t->out.error = label.error;
	strbuf_deinit(&label);
	put_unmapped(p);
}

static void make_groups(struct percpu *p)
{
	p->nr_groups = 0;
	for (size_t c = 0; c < p->nr; c++) {
		if (!p->values[c])
			continue;
		p->group[c] = c;
		for (size_t before = 0; before < c; before++)
			if (p->values[before] && p->group[before] == before &&
			    node_equal(p->values[before], p->values[c])) {
				p->group[c] = before;
				break;
			}
		p->nr_groups += p->group[c] == c;
	}
}

/* Sets the indexes of the members in which the CPUs differ; -1 if they make no table. */
static int varying_members(struct percpu *p, size_t *varying)
{
	const struct node *first = NULL, *at[MAX_GROUPED] = { NULL };
	size_t nr_cpus = 0, i = 0;
	int nr = 0;

	for (size_t c = 0; c < p->nr; c++) {
		if (!p->values[c])
			continue;
		first = first ? first : p->values[c];
		at[c] = p->values[c]->first;
		if (p->values[c]->nr_children != first->nr_children || p->values[c]->cut)
			return -1;
		nr_cpus++;
	}
	if (nr_cpus < MIN_TEMPLATE || p->nr_groups != nr_cpus)
		return -1;
	for (const struct node *m = first->first; m; m = m->next, i++) {
		bool varies = false;

		for (size_t c = 0; c < p->nr; c++) {
			varies |= at[c] && !node_equal(m, at[c]);
			at[c] = at[c] ? at[c]->next : NULL;
		}
		if (!varies)
			continue;
		if (nr == MAX_VARYING)
			return -1;
		varying[nr++] = i;
	}
	return nr;
}

static const struct node *member(const struct node *n, size_t place)
{
	const struct node *m = n->first;

	while (m && place--)
		m = m->next;
	return m;
}

/* Writes the rows of the table; false if a member needs lines of its own. */
static bool template_rows(struct percpu *p, const size_t *varying, int nr, struct strbuf *rows)
{
	for (size_t c = 0; c < p->nr; c++) {
		if (!p->values[c])
			continue;
		strbuf_printf(rows, "    %3u", p->m->map->cpus[c]);
		for (int i = 0; i < nr; i++) {
			strbuf_puts(rows, " | ");
			if (!node_inline(rows, member(p->values[c], varying[i]), p->m->t->width))
				return false;
		}
		strbuf_putc(rows, '\n');
	}
	return true;
}

static void put_common(struct percpu *p, const struct node *first, const size_t *varying, int nr)
{
	struct strbuf *out = &p->m->t->out;
	size_t place = 0;
	int next = 0;

	strbuf_puts(out, "  common:\n");
	for (const struct node *m = first->first; m; m = m->next, place++) {
		if (next < nr && varying[next] == place) {
			next++;
			continue;
		}
		if (m->zero)
			continue;
		strbuf_puts(out, "    ");
		strbuf_puts(out, m->name);
		strbuf_puts(out, ": ");
		map_text_node(p->m, m, 2, 6 + strlen(m->name));
		strbuf_putc(out, '\n');
	}
	strbuf_puts(out, "  per-cpu:\n    cpu");
	for (int i = 0; i < nr; i++) {
		strbuf_puts(out, " | ");
		strbuf_puts(out, member(first, varying[i])->name);
	}
	strbuf_putc(out, '\n');
}

static bool put_template(struct percpu *p)
{
	size_t varying[MAX_VARYING];
	const struct node *first = NULL;
	int nr = varying_members(p, varying);
	struct strbuf rows;
	bool fits;

	if (nr < 1)
		return false;
	for (size_t c = p->nr; c--;)
		if (p->values[c])
			first = p->values[c];
	strbuf_init(&rows, NULL);
	fits = template_rows(p, varying, nr, &rows);
	if (fits) {
		put_common(p, first, varying, nr);
		strbuf_write(&p->m->t->out, rows.data, rows.len);
		put_unmapped(p);
	}
	if (rows.error)
		p->m->t->out.error = rows.error;
	strbuf_deinit(&rows);
	return fits;
}

/*
 * Builds the trees of all CPUs' values; of only two where there are too many CPUs to
 * compare, since all have the same type. False without memory.
 */
static bool build(struct percpu *p)
{
	const struct scxray_map *map = p->m->map;
	struct scxray_value_options options = *follow_options(p->m->follow);
	size_t most = p->nr > MAX_GROUPED ? 2 : p->nr;
	bool ok = true;

	/* all trees are in memory at the same time */
	options.max_nodes = MAX_NODES / (most ? most : 1);
	options.plain = p->m->plain;

	memset(p->trees, 0, p->nr * sizeof(*p->trees));
	memset(p->values, 0, p->nr * sizeof(*p->values));
	for (size_t c = 0; c < p->nr && ok && most; c++) {
		struct scxray_value value = map_percpu_value(map, p->entry, c);

		if (!map->per_cpu[p->entry * map->nr_cpus + c])
			continue;
		follow_options(p->m->follow);
		ok = !tree_build(&p->trees[c], &value, &options);
		p->values[c] = p->trees[c].root;
		most--;
	}
	if (!ok && !p->m->t->out.error)
		p->m->t->out.error = errno;
	return ok;
}

/* True if the values are structs. *name: the type's name, NULL if it has none. */
static bool are_structs(struct percpu *p, const char **name)
{
	size_t nr = 0;

	*name = NULL;
	for (size_t c = 0; c < p->nr; c++) {
		const struct node *n = p->values[c];

		if (!n)
			continue;
		if (n->kind != NODE_STRUCT || !n->first)
			return false;
		if (!nr++)
			*name = n->text;
	}
	return nr >= 2;
}

static void put_key(struct percpu *p)
{
	struct strbuf *out = &p->m->t->out;
	const struct scxray_entry *entry = &p->m->map->entries[p->entry];
	bool grouped = p->nr <= MAX_GROUPED, structs = false;
	const char *name;

	if (build(p)) {
		structs = are_structs(p, &name);
		strbuf_printf(out, "key %u:", entry->index);
		if (entry->reason) {
			strbuf_putc(out, ' ');
			cell_unreadable(out, entry->addr, entry->reason);
		} else if (structs) {
			strbuf_printf(out, name ? " struct %s (%zu CPU%s)" : "%s (%zu CPU%s)",
				      name ? name : "", p->nr, plural_s(p->nr));
		}
		strbuf_putc(out, '\n');
		if (structs && grouped) {
			make_groups(p);
			if (!put_template(p))
				put_groups(p);
		}
		if (!entry->reason && !(structs && grouped))
			map_text_cpus(p->m, p->entry);
	}
	for (size_t c = 0; c < p->nr; c++)
		tree_deinit(&p->trees[c]);
}

void map_text_percpu_array(struct map_text *m)
{
	struct percpu p = { .m = m, .nr = m->map->nr_cpus };
	size_t nr_zero;

	if (!m->map->per_cpu)
		return;
	nr_zero = map_text_nr_zero(m);
	p.trees = calloc(p.nr, sizeof(*p.trees));
	p.values = calloc(p.nr, sizeof(*p.values));
	if (p.nr && (!p.trees || !p.values))
		m->t->out.error = ENOMEM;
	else
		for (; p.entry < m->map->nr_entries && !m->t->out.error; p.entry++)
			if (!nr_zero || !map_text_is_zero(m->map, p.entry))
				put_key(&p);
	map_text_zero_cpus(m, nr_zero, false);
	free(p.trees);
	free(p.values);
}
