/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read.c - members and symbols as numbers, texts and masks that know their state
 */
#include <stdio.h>
#include <string.h>

#include "capture/read/read.h"

#define MAX_TEXT_ARRAY 4096

struct scxray_num num_present(uint64_t value)
{
	return (struct scxray_num){ .value = value, .state = SCXRAY_PRESENT };
}

struct scxray_num num_unreadable(uint64_t addr, enum read_status status)
{
	return (struct scxray_num){
		.value = addr,
		.reason = read_status_text(status),
		.state = SCXRAY_UNREADABLE,
	};
}

static struct scxray_num num_missing(const char *name)
{
	return (struct scxray_num){ .reason = name, .state = SCXRAY_MISSING };
}

static uint64_t sign_extend(uint64_t value, unsigned bits)
{
	if (bits >= 64)
		return value;
	return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

struct scxray_num read_int(struct walk *w, uint64_t addr, uint32_t size, bool is_signed)
{
	uint64_t value = 0;
	enum read_status status;

	if (!size || size > 8) /* no number has this size: the BTF is wrong */
		return (struct scxray_num){
			.value = addr,
			.reason = "not an integer by its BTF",
			.state = SCXRAY_UNREADABLE,
		};
	status = guest_read(w->g, addr, &value, size);
	if (status)
		return num_unreadable(addr, status);
	return num_present(is_signed ? sign_extend(value, size * 8) : value);
}

static struct scxray_num read_present(struct walk *w, uint64_t base, const struct member *m)
{
	struct scxray_num num;

	if (!m->bits)
		return read_int(w, base + m->offset, m->size, m->is_signed);
	num = read_int(w, base + m->offset, m->size, false);
	if (num.state != SCXRAY_PRESENT)
		return num;
	num.value >>= m->bit_offset;
	if (m->bits < 64)
		num.value &= (1ULL << m->bits) - 1;
	if (m->is_signed)
		num.value = sign_extend(num.value, m->bits);
	return num;
}

struct scxray_num read_member(struct walk *w, uint64_t base, enum layout_member m)
{
	if (!has_member(w, m)) {
		w->member_missing[m] = true;
		return num_missing(layout_member_name(m));
	}
	return read_present(w, base, &w->k->layout.member[m]);
}

struct scxray_num read_optional(struct walk *w, uint64_t base, enum layout_member m)
{
	if (!has_member(w, m))
		return (struct scxray_num){ 0 };
	return read_present(w, base, &w->k->layout.member[m]);
}

struct scxray_num read_symbol(struct walk *w, enum layout_symbol s, bool is_signed)
{
	if (!has_symbol(w, s)) {
		w->symbol_missing[s] = true;
		return num_missing(layout_symbol_name(s));
	}
	return read_int(w, w->k->layout.symbol[s], layout_symbol_size(s), is_signed);
}

static struct scxray_text text_of(struct walk *w, uint64_t addr, char *bytes, size_t len)
{
	struct scxray_text text = { .addr = addr, .len = len, .state = SCXRAY_PRESENT };

	text.bytes = pool_strndup(w->pool, bytes, len);
	if (!text.bytes) {
		text.state = SCXRAY_UNREADABLE;
		text.reason = POOL_USED_UP;
	}
	return text;
}

struct scxray_text read_text_array(struct walk *w, uint64_t base, enum layout_member m)
{
	const struct member *member = &w->k->layout.member[m];
	uint64_t addr = base + member->offset;
	char bytes[MAX_TEXT_ARRAY];
	enum read_status status;
	size_t size = member->size < sizeof(bytes) ? member->size : sizeof(bytes);

	if (!member->present) {
		w->member_missing[m] = true;
		return (struct scxray_text){ .reason = layout_member_name(m),
					     .state = SCXRAY_MISSING };
	}
	status = guest_read(w->g, addr, bytes, size);
	if (status)
		return (struct scxray_text){
			.addr = addr,
			.reason = read_status_text(status),
			.state = SCXRAY_UNREADABLE,
		};
	return text_of(w, addr, bytes, strnlen(bytes, size));
}

struct scxray_text read_text_pointer(struct walk *w, uint64_t base, enum layout_member m,
				     size_t max)
{
	struct scxray_num pointer = read_member(w, base, m);
	enum read_status status;
	size_t len, used = w->pool->used;
	char *bytes;

	if (pointer.state != SCXRAY_PRESENT)
		return (struct scxray_text){
			.addr = pointer.value,
			.reason = pointer.reason,
			.state = pointer.state,
		};
	if (!pointer.value)
		return (struct scxray_text){ 0 };
	bytes = pool_room(w->pool, max + 1);
	if (!bytes)
		return (struct scxray_text){
			.addr = pointer.value,
			.reason = POOL_USED_UP,
			.state = SCXRAY_UNREADABLE,
		};
	status = guest_read_string(w->g, pointer.value, bytes, max + 1, &len);
	if (status)
		return (struct scxray_text){
			.addr = pointer.value + len,
			.reason = read_status_text(status),
			.state = SCXRAY_UNREADABLE,
		};
	/* the last allocation of the pool: give back what the text does not need */
	pool_trim(w->pool, used, bytes, len + 1);
	return (struct scxray_text){
		.bytes = bytes,
		.len = len,
		.addr = pointer.value,
		.state = SCXRAY_PRESENT,
	};
}

struct scxray_cpumask read_cpumask_at(struct walk *w, uint64_t addr)
{
	struct scxray_cpumask mask = { .nr_bits = w->k->nr_cpus, .addr = addr };
	size_t size = (mask.nr_bits + 63) / 64 * 8;
	uint64_t *words = pool_alloc(w->pool, size);
	enum read_status status;

	if (!words) {
		mask.state = SCXRAY_UNREADABLE;
		mask.reason = POOL_USED_UP;
		return mask;
	}
	status = guest_read(w->g, addr, words, size);
	mask.state = status ? SCXRAY_UNREADABLE : SCXRAY_PRESENT;
	mask.reason = status ? read_status_text(status) : NULL;
	mask.words = words;
	if (!status && mask.nr_bits % 64) /* bits from nr_cpu_ids on may hold anything */
		words[mask.nr_bits / 64] &= (1ULL << mask.nr_bits % 64) - 1;
	return mask;
}

struct scxray_cpumask read_cpumask(struct walk *w, uint64_t base, enum layout_member m)
{
	const struct member *member = &w->k->layout.member[m];
	const struct btf_type *t;
	struct scxray_num pointer;

	if (!member->present)
		return (struct scxray_cpumask){ .reason = layout_member_name(m),
						.state = SCXRAY_MISSING };
	t = types_strip(&w->k->types, member->type_id, NULL);
	if (!t || btf_kind(t) != BTF_KIND_PTR) /* without CPUMASK_OFFSTACK an array of one */
		return read_cpumask_at(w, base + member->offset);
	pointer = read_member(w, base, m);
	if (pointer.state != SCXRAY_PRESENT)
		return (struct scxray_cpumask){
			.addr = pointer.value,
			.reason = pointer.reason,
			.state = pointer.state,
		};
	return read_cpumask_at(w, pointer.value);
}

uint32_t element_size(const struct walk *w, enum layout_member m)
{
	const struct btf_type *t = types_strip(&w->k->types, w->k->layout.member[m].type_id, NULL);

	return t && btf_kind(t) == BTF_KIND_ARRAY ? types_size(&w->k->types, btf_array(t)->type)
						  : 0;
}

uint32_t pointee_size(const struct walk *w, enum layout_member m)
{
	const struct btf_type *t = types_strip(&w->k->types, w->k->layout.member[m].type_id, NULL);

	return t && btf_kind(t) == BTF_KIND_PTR ? types_size(&w->k->types, t->type) : 0;
}

const char *flag_names(struct walk *w, const char *enum_name, const char *prefix, uint64_t value,
		       uint64_t mask)
{
	uint32_t id = types_find(&w->k->types, enum_name, BTF_KIND_ENUM);
	const struct btf_type *t = id ? btf__type_by_id(w->k->types.btf, id) : NULL;
	uint64_t left = value & mask, bit;
	char text[512] = "";
	size_t len = 0;
	const char *name;

	if (is_recording(w))
		return NULL;
	for (uint32_t i = 0; types_enum_value(w->k->types.btf, t, i, &name, &bit); i++) {
		if (!bit || (bit & (bit - 1)) || !(left & bit))
			continue;
		if (!strncmp(name, prefix, strlen(prefix)))
			name += strlen(prefix);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.40s", len ? "|" : "",
					name);
		left &= ~bit;
		if (len >= sizeof(text) - 64)
			break;
	}
	if (left)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s0x%llx", len ? "|" : "",
					(unsigned long long)left);
	return pool_strndup(w->pool, text, len);
}

#define MAX_STACK (1u << 20)

/*
 * The room that the linker script leaves for the first task's stack (INIT_TASK_DATA() of
 * asm-generic/vmlinux.lds.h); BTF need not have union thread_union.
 */
uint32_t task_stack_size(const struct walk *w)
{
	const struct types *types = &w->k->types;
	uint64_t start = w->k->layout.symbol[S_init_stack];
	uint64_t end = w->k->layout.symbol[S___end_init_stack];
	uint64_t size = start && end > start ? end - start : 0;

	if (!size)
		size = types_size(types, types_find(types, "thread_union", BTF_KIND_UNION));
	return size && size <= MAX_STACK && !(size & (size - 1)) && !(size & PAGE_MASK)
		       ? (uint32_t)size
		       : 0;
}
