/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modules.c - the list of loaded modules, and the symbols of those in which an address is met
 */
#include <string.h>

#include "capture/read/modules.h"

#include "capture/kernel/modules.h"
#include "capture/read/list.h"
#include "capture/read/read.h"

#define MAX_MODULES 1024
#define MAX_SYMBOLS 65536
#define MAX_STRINGS (4u << 20)
#define MAX_ORCS (1u << 22)

/* of enum module_state, which is not in the BTF of all releases; the value never changed */
#define MODULE_STATE_UNFORMED 3

/* mem[type]: where the module's code of that type is; zeroes: it has none. */
static struct module_text memory(struct walk *w, uint64_t kva, const char *type)
{
	const struct member *mem = &w->k->layout.member[M_module_mem];
	uint32_t stride = element_size(w, M_module_mem);
	struct scxray_num base, size;
	uint64_t index, at;

	if (!types_enumerator(&w->k->types, "mod_mem_type", type, &index) || !stride ||
	    index >= mem->size / stride)
		return (struct module_text){ 0 };
	at = kva + mem->offset + index * stride;
	base = read_member(w, at, M_module_memory_base);
	size = read_member(w, at, M_module_memory_size);
	if (base.state != SCXRAY_PRESENT || size.state != SCXRAY_PRESENT || !base.value ||
	    size.value > UINT64_MAX - base.value)
		return (struct module_text){ 0 };
	return (struct module_text){ base.value, base.value + size.value };
}

static void unwind_tables(struct walk *w, struct module *m)
{
	struct scxray_num nr = read_optional(w, m->kva, M_module_num_orcs);
	struct scxray_num ips = read_optional(w, m->kva, M_module_orc_unwind_ip);
	struct scxray_num entries = read_optional(w, m->kva, M_module_orc_unwind);

	if (nr.state != SCXRAY_PRESENT || ips.state != SCXRAY_PRESENT ||
	    entries.state != SCXRAY_PRESENT || nr.value > MAX_ORCS)
		return;
	m->nr_orcs = (uint32_t)nr.value;
	m->orc_ips = ips.value;
	m->orc_entries = entries.value;
}

static bool add(struct walk *w, struct modules *modules, uint64_t kva)
{
	struct scxray_num state = read_member(w, kva, M_module_state);
	struct scxray_text name = read_text_array(w, kva, M_module_name);
	void *list = modules->list;
	struct module *m;

	if (state.state != SCXRAY_PRESENT || state.value == MODULE_STATE_UNFORMED ||
	    name.state != SCXRAY_PRESENT)
		return true;
	m = pool_push(w->pool, &list, &modules->nr, sizeof(*m));
	if (!m) {
		modules->cut = POOL_USED_UP;
		return false;
	}
	modules->list = list;
	m->kva = kva;
	m->name = name.bytes;
	m->text[0] = memory(w, kva, "MOD_TEXT");
	m->text[1] = memory(w, kva, "MOD_INIT_TEXT");
	unwind_tables(w, m);
	return true;
}

void walk_modules(struct walk *w)
{
	struct modules *modules;
	struct list_iter it;
	uint64_t node;

	if (!has_symbol(w, S_modules) || !has_member(w, M_module_list) ||
	    !has_member(w, M_module_mem)) /* a kernel without modules, or before 6.4 */
		return;
	modules = pool_alloc(w->pool, sizeof(*modules));
	if (!modules)
		return;
	w->modules = modules;
	list_start(&it, w, w->k->layout.symbol[S_modules], MAX_MODULES);
	while (list_next(&it, &node))
		if (!add(w, modules, node - w->k->layout.member[M_module_list].offset))
			return;
	modules->cut = it.cut;
}

/* An Elf64_Sym, as guest memory holds it; `value` is a run-time address. */
struct elf_symbol {
	uint32_t name;
	uint8_t info;
	uint8_t other;
	uint16_t section; /* 0: the symbol is another module's */
	uint64_t value;
	uint64_t size;
};

/* Takes the symbols of the module's code. */
static bool load_table(struct walk *w, struct module *m, uint64_t kva, uint32_t nr)
{
	struct elf_symbol chunk[128];
	uint32_t some;

	m->symbols = pool_alloc(w->pool, nr * sizeof(*m->symbols));
	if (!m->symbols)
		return false;
	for (uint32_t i = 0; i < nr; i += some) {
		some = nr - i < 128 ? nr - i : 128;
		if (guest_read(w->g, kva + i * sizeof(chunk[0]), chunk, some * sizeof(chunk[0])))
			return false;
		for (uint32_t c = 0; c < some; c++)
			if (chunk[c].section && modules_find(w->modules, chunk[c].value) == m)
				m->symbols[m->nr_symbols++] = (struct module_symbol){
					.addr = chunk[c].value,
					.name = chunk[c].name,
					.index = i + c,
				};
	}
	return true;
}

/* The symbols say how long the strings are: up to the end of the last name. */
static bool load_strings(struct walk *w, struct module *m, uint64_t kva)
{
	uint32_t size = 0;
	char *bytes;
	size_t got;

	for (uint32_t i = 0; i < m->nr_symbols; i++)
		if (m->symbols[i].name < MAX_STRINGS && m->symbols[i].name >= size)
			size = m->symbols[i].name + 1;
	size += MODULE_NAME_MAX;
	bytes = pool_alloc(w->pool, size);
	if (!bytes)
		return false;
	/* the last name may end before the last mapped page does: fewer bytes than `size` are fine */
	guest_read_some(w->g, kva, bytes, size, &got);
	m->strings = bytes;
	m->strings_size = (uint32_t)got;
	return true;
}

/* Has the symbol a name: ended by NUL, not empty, and not a mapping symbol ("$x", ".L4")? */
static bool has_name(const struct module *m, const struct module_symbol *s)
{
	const char *name;
	size_t room;

	if (s->name >= m->strings_size)
		return false;
	name = m->strings + s->name;
	room = m->strings_size - s->name;
	return *name && *name != '$' && strncmp(name, ".L", room < 2 ? room : 2) != 0 &&
	       memchr(name, '\0', room < MODULE_NAME_MAX ? room : MODULE_NAME_MAX);
}

static void load_symbols(struct walk *w, struct module *m, uint64_t symtab, uint32_t nr,
			 uint64_t strtab)
{
	uint32_t named = 0;

	if (load_table(w, m, symtab, nr) && load_strings(w, m, strtab))
		for (uint32_t i = 0; i < m->nr_symbols; i++)
			if (has_name(m, &m->symbols[i]))
				m->symbols[named++] = m->symbols[i];
	m->nr_symbols = named;
	modules_sort(m->symbols, named);
}

void modules_need(struct walk *w, uint64_t addr)
{
	struct module *m = modules_find(w->modules, addr);
	struct scxray_num kallsyms, symtab, nr, strtab;

	if (!m || m->asked)
		return;
	m->asked = true;
	kallsyms = read_member(w, m->kva, M_module_kallsyms);
	if (kallsyms.state != SCXRAY_PRESENT || !kallsyms.value)
		return;
	symtab = read_member(w, kallsyms.value, M_mod_kallsyms_symtab);
	nr = read_member(w, kallsyms.value, M_mod_kallsyms_num_symtab);
	strtab = read_member(w, kallsyms.value, M_mod_kallsyms_strtab);
	if (symtab.state == SCXRAY_PRESENT && nr.state == SCXRAY_PRESENT &&
	    strtab.state == SCXRAY_PRESENT && nr.value && nr.value <= MAX_SYMBOLS)
		load_symbols(w, m, symtab.value, (uint32_t)nr.value, strtab.value);
}
