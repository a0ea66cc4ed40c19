/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps early against late: which entries, which maps, and every form, as text and JSON. */
#include <time.h>

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/render/moments.h"

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
		m.early.r.cut[SCXRAY_GROUP_MAPS] = "report memory is used up";
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

static const unit_test tests[] = {
	&entries_are_known_by_their_keys,
	&what_cannot_be_read_is_not_compared,
	&a_cut_list_has_no_say_in_what_came_or_went,
	&a_storage_that_has_another_owner_is_another,
	&values_per_cpu_are_known_by_entry_and_cpu,
	&only_so_many_are_shown_and_all_are_counted,
	&a_map_that_took_the_place_of_another,
	&other_maps_have_less_room_than_the_schedulers,
};

UNIT_MAIN("render_diff_maps", tests)
