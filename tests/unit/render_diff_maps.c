/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_diff_maps.c - maps early against late, as text and JSON
 */
#include <time.h>

#include "render/diff_values.h"
#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/maps.h"

#define HZ 250
#define SECONDS 4

/* The same map at two times, SECONDS apart. */
struct moments {
	struct one_map early, late;
};

static void moments_init(struct moments *m, enum scxray_map_form form, uint32_t type,
			 const char *type_name)
{
	map_init(&m->early, form, type, type_name);
	map_init(&m->late, form, type, type_name);
	m->early.r.guest.hz = m->late.r.guest.hz = N(HZ);
	m->early.r.guest.jiffies = N(1000);
	m->late.r.guest.jiffies = N(1000 + HZ * SECONDS);
}

static void moments_deinit(struct moments *m)
{
	map_deinit(&m->early);
	map_deinit(&m->late);
}

/* Both have the value type `make` makes. */
static void moments_type(struct moments *m, int (*make)(struct one_map *), uint32_t size)
{
	m->early.map.value_type = map_typed(&m->early, make(&m->early), size);
	m->late.map.value_type = map_typed(&m->late, make(&m->late), size);
}

/* JSON without its lines. */
static void squeeze(char *json)
{
	char *to = json;

	for (char *from = json; *from;) {
		if (*from != '\n') {
			*to++ = *from++;
			continue;
		}
		from += 1 + strspn(from + 1, " ");
	}
	*to = '\0';
}

/* What the difference has of maps, and all that is behind it. */
static char *part_of_diff(struct moments *m, enum format format, const char *groups)
{
	struct scxray_selection only = { 0 };
	struct scxray_error err;
	struct scxray_document doc;
	char *whole, *part, *copy;

	ck_assert_int_eq(scxray_selection_add(&only, groups, &err), 0);
	scxray_document_dual(&doc, &m->early.r, &m->late.r, NULL);
	doc.only = &only;
	whole = render_document(&doc, format, 120, false);
	if (format == JSON)
		squeeze(whole);
	part = strstr(whole, format == TEXT ? "  maps: " : "\"maps\":");
	ck_assert_msg(part, "%s", whole);
	copy = strdup(part);
	free(whole);
	return copy;
}

static char *diff_of(struct moments *m, enum format format)
{
	return part_of_diff(m, format, "diff");
}

#define ck_diff(m, expect)                      \
	do {                                    \
		char *got_ = diff_of(m, TEXT);  \
		ck_assert_str_eq(got_, expect); \
		free(got_);                     \
	} while (0)

#define ck_diff_json(m, expect)                                                   \
	do {                                                                      \
		char *got_ = diff_of(m, JSON);                                    \
		ck_assert_msg(strstr(got_, expect), "no %s in %s", expect, got_); \
		free(got_);                                                       \
	} while (0)

/* ---- values -------------------------------------------------------------------- */

/* A section as schedulers have it: counters, an enum, a flag, a name, a pointer, an array. */
struct __attribute__((packed)) bss {
	uint64_t queued;
	int32_t offset;
	uint32_t mode;
	uint8_t busy;
	char name[15];
	uint64_t curr;
	uint64_t stats[4];
	uint64_t inner_a, inner_b;
	uint8_t raw[8];
	uint64_t mask;
};

static int make_bss(struct one_map *m)
{
	struct btf *btf = m->t.btf;
	int mode, name, ptr, stats, inner, raw, mask, ids[10], id;

	mode = btf__add_enum(btf, "mode", 4);
	btf__add_enum_value(btf, "CALM", 0);
	btf__add_enum_value(btf, "BUSY", 1);
	btf__add_enum_value(btf, "LOST", 2);
	name = btf__add_array(btf, m->t.u32, m->t.chr, 15);
	ptr = btf__add_ptr(btf, m->t.u32);
	stats = btf__add_array(btf, m->t.u32, m->t.u64, 4);
	inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "a", m->t.u64, 0, 0);
	btf__add_field(btf, "b", m->t.u64, 64, 0);
	raw = btf__add_array(btf, m->t.u32, m->t.u8, 8);
	mask = btf__add_struct(btf, "cpumask", 8);
	btf__add_field(btf, "bits", m->t.u64, 0, 0);
	const struct {
		const char *name;
		int type;
		uint32_t offset, size;
	} vars[] = {
		{ "queued", m->t.u64, 0, 8 }, { "offset", m->t.s32, 8, 4 },
		{ "mode", mode, 12, 4 },      { "busy", m->t.boolean, 16, 1 },
		{ "name", name, 17, 15 },     { "curr", ptr, 32, 8 },
		{ "stats", stats, 40, 32 },   { "inner", inner, 72, 16 },
		{ "raw", raw, 88, 8 },	      { "mask", mask, 96, 8 },
	};

	for (size_t i = 0; i < 10; i++)
		ids[i] = btf__add_var(btf, vars[i].name, BTF_VAR_GLOBAL_ALLOCATED, vars[i].type);
	id = btf__add_datasec(btf, ".bss", sizeof(struct bss));
	for (size_t i = 0; i < 10; i++)
		btf__add_datasec_var_info(btf, ids[i], vars[i].offset, vars[i].size);
	return id;
}

static const struct bss before = { .queued = 1000,
				   .offset = -5,
				   .mode = 1,
				   .name = "first",
				   .curr = 0xffff888000001000,
				   .stats = { 1, 2, 3, 4 },
				   .inner_a = 7,
				   .inner_b = 8,
				   .mask = 5 };

START_TEST(global_variables_have_a_line_each)
{
	struct moments m;
	struct bss after = before;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_bss, sizeof(struct bss));
	map_add(&m.early, NULL, &before);
	after.queued = 1500;
	after.offset = -9;
	after.mode = 2;
	after.busy = 1;
	strcpy(after.name, "other");
	after.curr = 0xffff888000002000;
	after.stats[3] = 3;
	after.inner_b = 18;
	after.raw[2] = 9;
	after.mask = 7;
	map_add(&m.late, NULL, &after);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      queued 1000 → 1500 (+500, 125/s)\n"
		    "      offset -5 → -9 (-4)\n"
		    "      mode BUSY (1) → LOST (2)\n"
		    "      busy false → true\n"
		    "      name \"first\" → \"other\"\n"
		    "      curr 0xffff888000001000 → 0xffff888000002000\n"
		    "      stats[3] 4 → 3 (-1)\n"
		    "      inner.b 8 → 18 (+10, 2.5/s)\n"
		    "      raw[2] 0 → 9 (+9)\n"
		    "      mask cpus={0,2} → cpus={0-2}\n");
	ck_diff_json(&m, "{\"field\":\"queued\",\"old\":1000,\"new\":1500,\"delta\":500,"
			 "\"per_second\":125}");
	ck_diff_json(&m, "{\"field\":\"busy\",\"old\":false,\"new\":true}");
	ck_diff_json(&m, "{\"field\":\"mode\",\"old\":\"BUSY (1)\",\"new\":\"LOST (2)\"}");
	ck_diff_json(&m, "{\"field\":\"curr\",\"old\":\"0xffff888000001000\","
			 "\"new\":\"0xffff888000002000\"}");
	ck_diff_json(&m, "\"total_changes\":10}],\"total_changed\":1,\"total_appeared\":0,"
			 "\"total_gone\":0,\"unchanged\":0,\"not_compared\":0}],\"unchanged\":0}");
	moments_deinit(&m);
}
END_TEST

START_TEST(what_is_equal_is_counted_only)
{
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_bss, sizeof(struct bss));
	map_add(&m.early, NULL, &before);
	map_add(&m.late, NULL, &before);
	ck_diff(&m, "  maps: 0 changed, 1 unchanged\n");
	ck_diff_json(&m, "\"maps\":{\"unchanged\":1}");
	moments_deinit(&m);
}
END_TEST

static int make_u64(struct one_map *m)
{
	return m->t.u64;
}

static int make_s64(struct one_map *m)
{
	return m->t.s64;
}

/* An address, a counter that would wrap, the whole range of a signed one. */
START_TEST(no_delta_where_it_would_mean_nothing)
{
	const int64_t least = INT64_MIN, most = INT64_MAX;
	const uint64_t none = UINT64_MAX, one = 1;
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_u64, 8);
	map_add(&m.early, NULL, &one);
	map_add(&m.late, NULL, &none);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      1 → 18446744073709551615\n");
	ck_diff_json(&m, "{\"field\":\"value\",\"old\":1,\"new\":18446744073709551615}");
	moments_deinit(&m);

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_s64, 8);
	map_add(&m.early, NULL, &least);
	map_add(&m.late, NULL, &most);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      -9223372036854775808 → 9223372036854775807\n");
	moments_deinit(&m);
}
END_TEST

static int make_bits(struct one_map *m)
{
	int id = btf__add_struct(m->t.btf, "bits", 8);

	btf__add_field(m->t.btf, "low", m->t.u32, 0, 3);
	btf__add_field(m->t.btf, "high", m->t.u32, 3, 5);
	return id;
}

START_TEST(a_bitfield_that_shares_a_byte_is_told_apart)
{
	const uint8_t old[8] = { 0x0a }, new[8] = { 0x12 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_bits, 8);
	map_add(&m.early, NULL, old);
	map_add(&m.late, NULL, new);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      high 1 → 2 (+1)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(without_a_type_bytes_are_counted)
{
	uint8_t old[100] = { 1 }, new[100] = { 1 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	m.early.map.value_type.size = m.late.map.value_type.size = 100;
	memset(new + 40, 7, 12);
	map_add(&m.early, NULL, old);
	map_add(&m.late, NULL, new);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      12 bytes differ\n");
	ck_diff_json(&m, "{\"field\":\"value\",\"bytes_differ\":12}");
	moments_deinit(&m);
}
END_TEST

/* One side has the type: it holds for both. */
START_TEST(a_type_of_one_report_is_enough)
{
	const uint64_t old = 5, new = 6;
	struct moments m;

	for (int side = 0; side < 2; side++) {
		moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
		moments_type(&m, make_u64, 8);
		(side ? &m.late : &m.early)->map.value_type.btf = NULL;
		map_add(&m.early, NULL, &old);
		map_add(&m.late, NULL, &new);
		ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
			    "    m (array):\n"
			    "      5 → 6 (+1, 0.2/s)\n");
		moments_deinit(&m);
	}
}
END_TEST

/* ---- entries -------------------------------------------------------------------- */

static void hash_init(struct moments *m)
{
	moments_init(m, SCXRAY_MAP_ENTRIES, 1, "hash");
	moments_type(m, make_u64, 8);
	m->early.map.key_type = map_typed(&m->early, m->early.t.u32, 4);
	m->late.map.key_type = map_typed(&m->late, m->late.t.u32, 4);
}

static void add_u64(struct one_map *m, uint32_t key, uint64_t value)
{
	map_add(m, &key, &value);
}

START_TEST(entries_are_known_by_their_keys)
{
	struct moments m;

	hash_init(&m);
	add_u64(&m.early, 1, 10);
	add_u64(&m.early, 2, 20);
	add_u64(&m.early, 3, 30);
	/* in another order, as after a resize */
	add_u64(&m.late, 4, 40);
	add_u64(&m.late, 3, 31);
	add_u64(&m.late, 1, 10);
	add_u64(&m.late, 0, 50);
	add_u64(&m.late, 5, 50);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (hash): 1 of 2 entries changed, 3 appeared, 1 gone, entries 3 → 5 (+2)\n"
		    "      3: 30 → 31 (+1, 0.2/s)\n"
		    "      appeared: 4, 0, 5\n"
		    "      gone: 2\n");
	ck_diff_json(
		&m,
		"\"changed\":[{\"key\":{\"kind\":\"uint\",\"bits\":32,\"value\":3},\"changes\":[");
	ck_diff_json(&m, "\"gone\":[{\"key\":{\"kind\":\"uint\",\"bits\":32,\"value\":2}}]");
	moments_deinit(&m);
}
END_TEST

START_TEST(what_cannot_be_read_is_not_compared)
{
	struct moments m;

	hash_init(&m);
	add_u64(&m.early, 1, 10);
	add_u64(&m.early, 2, 0);
	add_u64(&m.early, 3, 30);
	add_u64(&m.late, 1, 0);
	add_u64(&m.late, 2, 20);
	add_u64(&m.late, 3, 30);
	/* neither went to 0 nor came from it */
	m.late.entries[0].value = NULL;
	m.late.entries[0].reason = "page not in this core";
	m.early.entries[1].value = NULL;
	m.early.entries[1].reason = "not mapped";
	ck_diff(&m, "  maps: 0 changed, 0 unchanged\n"
		    "    not or not wholly compared: m (hash) (late: page not in this core)\n");
	ck_diff_json(&m, "\"not_compared\":[{\"id\":5,\"name\":\"m\",\"map_kva\":"
			 "\"0xffff888000042000\",\"map_type_name\":\"hash\","
			 "\"reason\":\"late: page not in this core\"}],\"unchanged\":0}");
	memcpy((void *)m.late.entries[2].value, &(uint64_t){ 31 }, 8);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (hash): 1 of 1 entries changed; 2 not compared (late: page not in this "
		    "core)\n"
		    "      3: 30 → 31 (+1, 0.2/s)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(a_cut_list_has_no_say_in_what_came_or_went)
{
	struct moments m;

	hash_init(&m);
	add_u64(&m.early, 1, 10);
	add_u64(&m.late, 1, 10);
	add_u64(&m.late, 2, 20);
	m.early.map.error = "truncated at 1 entries";
	m.early.map.total = 2;
	ck_diff(&m, "  maps: 0 changed, 0 unchanged\n"
		    "    not or not wholly compared: m (hash) (early: truncated at 1 entries)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(a_storage_that_has_another_owner_is_another)
{
	static const char *old[] = { "worker[10]", "dies[11]" },
			  *new[] = { "renamed[10]", "born[12]" };
	const uint64_t kva[2] = { 0xffff888000010000, 0xffff888000020000 };
	const uint64_t a = 1, b = 2;
	struct moments m;

	moments_init(&m, SCXRAY_MAP_ENTRIES, 29, "task_storage");
	moments_type(&m, make_u64, 8);
	m.early.map.key_type.size = m.late.map.key_type.size = 8;
	m.early.map.owners = old;
	m.late.map.owners = new;
	m.early.map.nr_owners = m.late.map.nr_owners = 2;
	for (int i = 0; i < 2; i++) {
		map_add(&m.early, &kva[i], &a)->owner = (uint32_t)i + 1;
		map_add(&m.late, &kva[i], &b)->owner = (uint32_t)i + 1;
	}
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (task_storage): 1 of 1 entries changed, 1 appeared, 1 gone\n"
		    "      renamed[10]: 1 → 2 (+1, 0.2/s)\n"
		    "      appeared: born[12]\n"
		    "      gone: dies[11]\n");
	ck_diff_json(&m, "\"owner\":\"renamed[10]\",\"changes\":");
	moments_deinit(&m);
}
END_TEST

START_TEST(values_per_cpu_are_known_by_entry_and_cpu)
{
	const uint64_t v[3] = { 1, 2, 3 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	moments_type(&m, make_u64, 8);
	map_cpus(&m.early, 4);
	map_cpus(&m.late, 4);
	/* CPU 3 has no memory at either time, 2 had none before; the places differ */
	m.late.cpus[0] = 1;
	m.late.cpus[1] = 0;
	map_add(&m.early, NULL, NULL);
	map_on_cpu(&m.early, 0, &v[0]);
	map_on_cpu(&m.early, 1, &v[1]);
	map_add(&m.late, NULL, NULL);
	map_on_cpu(&m.late, 0, &v[2]);
	map_on_cpu(&m.late, 1, &v[0]);
	map_on_cpu(&m.late, 2, &v[0]);
	ck_diff(&m,
		"  maps: 1 changed, 0 unchanged\n"
		"    m (percpu_array): 1 of 2 values changed; 1 not compared (early: unmapped)\n"
		"      [0] cpu 1: 2 → 3 (+1, 0.2/s)\n");
	ck_diff_json(&m, "\"changed\":[{\"index\":0,\"cpu\":1,\"changes\":[");
	moments_deinit(&m);
}
END_TEST

START_TEST(only_so_many_are_shown_and_all_are_counted)
{
	enum {
		MANY = 4096
	};
	struct scxray_entry *entries = calloc(2 * MANY, sizeof(*entries));
	uint64_t *values = calloc(2 * MANY, sizeof(*values));
	struct moments m;
	struct timespec from, to;
	char *got;
	double ms;

	moments_init(&m, SCXRAY_MAP_ENTRIES, 1, "hash");
	moments_type(&m, make_u64, 8);
	m.early.map.key_type.size = m.late.map.key_type.size = 8;
	for (size_t i = 0; i < MANY; i++) {
		/* the late ones backwards: an order that must not matter */
		struct scxray_entry *e = &entries[i], *l = &entries[2 * MANY - 1 - i];

		values[i] = i;
		values[MANY + i] = i + 1;
		e->key = l->key = (const uint8_t *)&values[i];
		e->value = (const uint8_t *)&values[i];
		l->value = (const uint8_t *)&values[MANY + i];
	}
	m.early.map.entries = entries;
	m.late.map.entries = entries + MANY;
	m.early.map.nr_entries = m.late.map.nr_entries = MANY;
	m.early.map.total = m.late.map.total = MANY;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	got = diff_of(&m, TEXT);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	if (getenv("RENDER_TIMES"))
		fprintf(stderr, "a map of %d entries: %.2f ms\n", MANY, ms);
	ck_assert_ptr_nonnull(strstr(got,
				     "    m (hash): 4096 of 4096 entries changed\n"
				     "      ff 0f 00 00 00 00 00 00: 4095 → 4096 (+1, 0.2/s)"));
	ck_assert_ptr_nonnull(strstr(got, "\n      +4080 more\n"));
	/* each with each would take seconds */
	ck_assert_msg(ms < 1000, "%.0f ms", ms);
	free(got);
	got = diff_of(&m, JSON);
	ck_assert_ptr_nonnull(strstr(got, "\"total_changed\":4096,"));
	for (char *at = got, *end = got; end; at = end + 1, end = strstr(at, "\"key_hex\""))
		ms = end == got ? 0 : ms + 1;
	ck_assert_int_eq((int)ms, 1024);
	free(got);
	free(entries);
	free(values);
	moments_deinit(&m);
}
END_TEST

/* ---- other forms ------------------------------------------------------------------ */

START_TEST(a_queue_by_the_number_of_its_elements)
{
	const uint32_t pid[] = { 36, 37, 38 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_QUEUE, 22, "queue");
	m.early.map.value_type.size = m.late.map.value_type.size = 4;
	map_add(&m.early, NULL, &pid[0]);
	map_add(&m.late, NULL, &pid[0]);
	ck_diff(&m, "  maps: 0 changed, 1 unchanged\n");
	map_add(&m.late, NULL, &pid[1]);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (queue): entries 1 → 2 (+1)\n");
	map_add(&m.early, NULL, &pid[2]);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (queue): elements 1 byte differs\n");
	m.early.map.error = m.late.map.error = "queue header: not mapped";
	m.early.map.nr_entries = m.late.map.nr_entries = 0;
	m.early.map.total = m.late.map.total = 0;
	ck_diff(&m,
		"  maps: 0 changed, 0 unchanged\n"
		"    not or not wholly compared: m (queue) (early: queue header: not mapped)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(a_ring_buffer_by_its_positions)
{
	struct scxray_ringbuf old = { .capacity = N(4096),
				      .consumer_pos = N(100),
				      .producer_pos = N(300),
				      .pending_pos = N(300) },
			      new = old;
	struct moments m;

	moments_init(&m, SCXRAY_MAP_RINGBUF, 27, "ringbuf");
	m.early.map.ringbuf = &old;
	m.late.map.ringbuf = &new;
	ck_diff(&m, "  maps: 0 changed, 1 unchanged\n");
	new.producer_pos = N(700);
	ck_diff(&m,
		"  maps: 1 changed, 0 unchanged\n"
		"    m (ringbuf): producer_pos 300 → 700 (+400, 100/s), pending_bytes 200 → 600 "
		"(+400)\n");
	m.early.map.ringbuf = NULL;
	ck_diff(&m,
		"  maps: 0 changed, 0 unchanged\n"
		"    not or not wholly compared: m (ringbuf) (early: what it consists of could not "
		"be read)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(slots_by_what_they_hold)
{
	struct scxray_slot old[] = { { .index = 0, .kva = N(0x10), .holds = "prog a" },
				     { .index = 2, .kva = N(0x20), .holds = "prog b" },
				     { .index = 5, .kva = N(0x30) } };
	struct scxray_slot new[] = { { .index = 0, .kva = N(0x11), .holds = "prog a" },
				     { .index = 2, .kva = N(0x40), .holds = "prog c" },
				     { .index = 7, .kva = N(0x30) } };
	struct scxray_slots was = { 8, old, 3, 0, NULL }, is = { 8, new, 3, 0, NULL };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_FD_ARRAY, 3, "prog_array");
	m.early.map.slots = &was;
	m.late.map.slots = &is;
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (prog_array): 2 of 2 slots changed, 1 appeared, 1 gone\n"
		    "      [0]: kva 0x0000000000000010 → 0x0000000000000011\n"
		    "      [2]: holds prog b → prog c\n"
		    "      appeared: [7]\n"
		    "      gone: [5]\n");
	ck_diff_json(&m, "\"appeared\":[{\"index\":7}]");
	moments_deinit(&m);
}
END_TEST

START_TEST(an_arena_by_its_pages)
{
	static uint8_t old[4096], new[4096];
	struct scxray_arena_page early[] = { { 0x100000000000, old }, { 0x100000001000, old } };
	struct scxray_arena_page late[] = { { 0x100000001000, new }, { 0x100000002000, old } };
	struct scxray_arena was = { .pages = early, .nr_pages = 2, .nr_mapped = 2 };
	struct scxray_arena is = { .pages = late, .nr_pages = 2, .nr_mapped = 9 };
	struct moments m;

	new[1] = new[4095] = 1;
	moments_init(&m, SCXRAY_MAP_ARENA, 33, "arena");
	m.early.map.arena = &was;
	m.late.map.arena = &is;
	ck_diff(&m,
		"  maps: 1 changed, 0 unchanged\n"
		"    m (arena): 1 of 1 pages changed, 1 appeared, 1 gone, pages_mapped 2 → 9 (+7)\n"
		"      0x100000001000: page 2 bytes differ\n"
		"      appeared: 0x100000002000\n"
		"      gone: 0x100000000000\n");
	ck_diff_json(&m, "{\"user_addr\":\"0x0000100000001000\",\"changes\":[{\"field\":\"page\","
			 "\"bytes_differ\":2}],\"total_changes\":1}");
	/* one that was cut may have had the page all the time */
	was.cut = "cut after 2 pages";
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (arena): 1 of 1 pages changed, 1 gone, pages_mapped 2 → 9 (+7); 1 not "
		    "compared (early: cut after 2 pages)\n"
		    "      0x100000001000: page 2 bytes differ\n"
		    "      gone: 0x100000000000\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(stacks_by_their_frames)
{
	struct scxray_address a[] = { { N(1), "one" }, { N(2), "two" } };
	struct scxray_address b[] = { { N(1), "one" }, { N(3), NULL } };
	struct scxray_stack old = { .id = 4, .nr = 2, .pcs = a, .nr_pcs = 2 };
	struct scxray_stack new = { .id = 4, .nr = 2, .pcs = b, .nr_pcs = 2 };
	struct scxray_stacks was = { .stacks = &old, .nr_stacks = 1 };
	struct scxray_stacks is = { .stacks = &new, .nr_stacks = 1 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_STACK_TRACE, 7, "stack_trace");
	m.early.map.stacks = &was;
	m.late.map.stacks = &is;
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (stack_trace): 1 of 1 buckets changed\n"
		    "      bucket 4: frames one < two → one < 0x3\n");
	ck_diff_json(&m,
		     "{\"bucket_id\":4,\"changes\":[{\"field\":\"frames\",\"old\":\"one < two\"");
	new.pcs = NULL;
	new.reason = "not mapped";
	ck_diff(&m, "  maps: 0 changed, 0 unchanged\n"
		    "    not or not wholly compared: m (stack_trace) (late: not mapped)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(a_filter_by_its_bits)
{
	struct scxray_bloom was = { N(1024), N(5), N(10) }, is = { N(1024), N(5), N(14) };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_BLOOM, 30, "bloom_filter");
	m.early.map.bloom = &was;
	m.late.map.bloom = &is;
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (bloom_filter): nr_set 10 → 14 (+4)\n");
	moments_deinit(&m);
}
END_TEST

/* ---- maps ------------------------------------------------------------------------- */

/* Whatever is not the same object: id, address, type, size. */
START_TEST(a_map_that_took_the_place_of_another)
{
	const uint64_t v = 1;
	struct moments m;

	for (int what = 0; what < 4; what++) {
		hash_init(&m);
		add_u64(&m.early, 1, v);
		add_u64(&m.late, 1, v);
		m.late.map.id += what == 0;
		m.late.map.map_kva += what == 1 ? 0x1000 : 0;
		m.late.map.key_size.value += what == 2;
		m.late.map.map_type.value += what == 3 ? 8 : 0;
		ck_diff(&m, "  maps: 0 changed, 0 unchanged\n"
			    "    appeared: m (hash)\n"
			    "    gone: m (hash)\n");
		/* a list that was cut may have had it */
		m.early.r.maps_cut = "report memory is used up";
		ck_diff(&m,
			"  maps: 0 changed, 0 unchanged\n"
			"    gone: m (hash)\n"
			"    not or not wholly compared: m (hash) (early: report memory is used "
			"up)\n");
		moments_deinit(&m);
	}
}
END_TEST

START_TEST(other_maps_have_less_room_than_the_schedulers)
{
	struct moments m;
	struct scxray_map early[2], late[2];
	char *got;

	hash_init(&m);
	for (uint32_t i = 0; i < 10; i++) {
		add_u64(&m.early, i, 1);
		add_u64(&m.late, i, 2);
	}
	for (int i = 0; i < 2; i++) {
		early[i] = m.early.map;
		late[i] = m.late.map;
		early[i].id = late[i].id = (uint32_t)i;
		early[i].map_kva = late[i].map_kva = (uint64_t)i;
	}
	m.early.r.maps = early;
	m.late.r.maps = late;
	m.early.r.nr_maps = m.late.r.nr_maps = 2;
	early[0].name = late[0].name = T("others");
	late[1].active = true;
	got = diff_of(&m, TEXT);
	ck_assert_ptr_nonnull(strstr(got, "0 unchanged\n    m (hash): "));
	ck_assert_ptr_nonnull(strstr(got, "\n      9: 1 → 2 (+1, 0.2/s)\n    others (hash): "));
	ck_assert_ptr_nonnull(strstr(got, "\n      3: 1 → 2 (+1, 0.2/s)\n      +6 more\n"));
	free(got);
	/* those that were asked for by name, and no others */
	got = part_of_diff(&m, TEXT, "diff,maps=oth*");
	ck_assert_ptr_nonnull(strstr(got, "  maps: 1 changed, 0 unchanged\n    others (hash): "));
	ck_assert_ptr_null(strstr(got, "    m (hash): "));
	free(got);
	moments_deinit(&m);
}
END_TEST

/* Parts that are equal are not walked, and each value takes off what it has cost. */
START_TEST(equal_parts_cost_next_to_nothing)
{
	enum {
		LEN = 4096,
		MEMBERS = 8
	};
	static const char *const names[MEMBERS] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	static uint64_t old[LEN][MEMBERS], new[LEN][MEMBERS];
	struct walk_budget budget = { .nodes = 100000, .bytes = 1 << 20 };
	struct scxray_value was = { .size = sizeof(old), .state = SCXRAY_PRESENT }, is;
	struct diff d = { 0 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	was.btf = m.t.btf;
	was.type_id = (uint32_t)btf__add_array(m.t.btf, m.t.u32,
					       map_struct(&m, "s", names, MEMBERS), LEN);
	is = was;
	was.bytes = (const uint8_t *)old;
	is.bytes = (const uint8_t *)new;
	new[3000][7] = 1;
	ck_assert_uint_eq(diff_values(&d, &was, &is, 64, &budget).nr_changes, 1);
	ck_assert_str_eq(diff_text(&d, d.changes[0].path), "[3000].h");
	/* one question for each element and each member of the one that differs */
	ck_assert_uint_lt(budget.nodes, 100000 - LEN);
	ck_assert_uint_gt(budget.nodes, 100000 - LEN - 4 * MEMBERS);
	diff_deinit(&d);
	map_deinit(&m);
}
END_TEST

static int make_members(struct one_map *m)
{
	enum {
		DEPTH = 12
	};
	int id = m->t.u64;

	/* unions in unions, all at one place: 8^12 ways to the same bytes */
	for (int d = 0; d < DEPTH; d++) {
		int outer = btf__add_union(m->t.btf, "u", 64);

		for (int i = 0; i < 8; i++)
			btf__add_field(m->t.btf, "same", id, 0, 0);
		id = outer;
	}
	return id;
}

START_TEST(a_hostile_type_costs_no_more_than_the_budget)
{
	const uint8_t old[64] = { 0 }, new[64] = { 1 };
	struct moments m;
	char *got;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_members, 64);
	map_add(&m.early, NULL, old);
	map_add(&m.late, NULL, new);
	got = diff_of(&m, JSON);
	ck_assert_ptr_nonnull(strstr(got, "\"cut\":true}]"));
	free(got);
	moments_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&global_variables_have_a_line_each,
	&what_is_equal_is_counted_only,
	&no_delta_where_it_would_mean_nothing,
	&a_bitfield_that_shares_a_byte_is_told_apart,
	&without_a_type_bytes_are_counted,
	&a_type_of_one_report_is_enough,
	&entries_are_known_by_their_keys,
	&what_cannot_be_read_is_not_compared,
	&a_cut_list_has_no_say_in_what_came_or_went,
	&a_storage_that_has_another_owner_is_another,
	&values_per_cpu_are_known_by_entry_and_cpu,
	&only_so_many_are_shown_and_all_are_counted,
	&a_queue_by_the_number_of_its_elements,
	&a_ring_buffer_by_its_positions,
	&slots_by_what_they_hold,
	&an_arena_by_its_pages,
	&stacks_by_their_frames,
	&a_filter_by_its_bits,
	&a_map_that_took_the_place_of_another,
	&other_maps_have_less_room_than_the_schedulers,
	&equal_parts_cost_next_to_nothing,
	&a_hostile_type_costs_no_more_than_the_budget,
};

UNIT_MAIN("render_diff_maps", tests)
