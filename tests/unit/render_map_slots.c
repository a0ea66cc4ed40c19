/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pointers to what the scx library's allocators hand out, and numbers that are such pointers.
 */
#include <scxray/map.h>
#include <scxray/task.h>
#include "tests/lib/unit.h"
#include "tests/render/chain.h"

/* Of what the scx library hands out, pointers mostly have no type. */
START_TEST(pointers_to_slots_name_them)
{
	struct scxray_sdt_entry entries[2] = { { .idx = 5, .user_addr = USER + 32 },
					       { .idx = 6, .user_addr = USER + 64 } };
	struct scxray_sdt sdt = { .name = "task_allocator", .entries = entries, .nr_entries = 2 };
	struct chain c;
	int to_fwd;

	chain_init(&c, NULL);
	put(&c, 40, 0, 77);
	for (int i = 0; i < 2; i++)
		entries[i].payload = (struct scxray_value){
			.bytes = c.bytes[0] + 40,
			.size = 16,
			.addr = entries[i].user_addr + 8,
			.state = SCXRAY_PRESENT,
		};
	entries[0].payload.btf = c.m.t.btf;
	entries[0].payload.type_id = (uint32_t)c.node;
	c.m.r.sdts = &sdt;
	c.m.r.nr_sdts = 1;
	to_fwd = btf__add_ptr(c.m.t.btf, btf__add_fwd(c.m.t.btf, "sdt_data", BTF_FWD_STRUCT));
	c.m.map.value_type.type_id = (uint32_t)to_fwd;
	point_to(&c, USER + 32);
	expect(&c, "0x100000000020 → slot 5 of task_allocator → node{v=77}");
	ck_map_json(&c.m, "\"label\":\"slot 5 of task_allocator\",\"deref\":{\"kind\":\"struct\"");
	/* the other's type is not known */
	point_to(&c, USER + 64);
	expect(&c, "0x100000000040 → slot 6 of task_allocator");
	/* its payload, by a pointer to nothing in particular */
	c.m.map.value_type.type_id = (uint32_t)btf__add_ptr(c.m.t.btf, 0);
	point_to(&c, USER + 40);
	expect(&c, "0x100000000028 → slot 5 of task_allocator → node{v=77}");
	point_to(&c, USER + 48);
	expect(&c, "0x100000000030");
	/* from one slot to another: a small one is shown as well, of a large one only the number */
	put(&c, 40, USER + 64, 77);
	c.m.map.value_type.type_id = (uint32_t)to_fwd;
	point_to(&c, USER + 32);
	expect(&c, "0x100000000020 → slot 5 of task_allocator → "
		   "node{next=0x100000000040 → node{}, v=77}");
	entries[1].payload.size = 257;
	expect(&c, "0x100000000020 → slot 5 of task_allocator → "
		   "node{next=0x100000000040 → slot 6 of task_allocator, v=77}");
	map_deinit(&c.m);
}
END_TEST

/* Schedulers keep arena pointers as numbers, too. */
START_TEST(numbers_in_an_arena_are_addresses)
{
	struct scxray_sdt_entry entry = { .idx = 5, .user_addr = USER + 32 };
	struct scxray_sdt sdt = { .name = "allocator", .entries = &entry, .nr_entries = 1 };
	struct chain c;
	int pair;

	chain_init(&c, NULL);
	put(&c, 40, 0, 77);
	entry.payload = (struct scxray_value){ .btf = c.m.t.btf,
					       .type_id = (uint32_t)c.node,
					       .bytes = c.bytes[0] + 40,
					       .size = 16,
					       .addr = USER + 40,
					       .state = SCXRAY_PRESENT };
	c.m.r.sdts = &sdt;
	c.m.r.nr_sdts = 1;
	c.m.map.value_type.type_id = (uint32_t)c.m.t.u64;
	point_to(&c, USER + 40);
	expect(&c, "0x100000000028 → slot 5 of allocator → node{v=77}");
	point_to(&c, USER + 4096);
	expect(&c, "0x100000001000");
	/* within the window, but no page is there */
	point_to(&c, USER + 0x8000);
	expect(&c, "17592186077184");
	/* as a member and in an array */
	pair = btf__add_array(c.m.t.btf, c.m.t.u32, c.m.t.u64, 1);
	c.m.map.value_type.type_id = (uint32_t)btf__add_struct(c.m.t.btf, "box", 8);
	btf__add_field(c.m.t.btf, "at", pair, 0, 0);
	point_to(&c, USER + 4096);
	expect(&c, "box{at=[0x100000001000]}");
	/* an arena that begins at 0: its addresses would be small numbers */
	c.arena.user_vm_start = N(0);
	c.pages[0].user_addr = 0;
	c.m.map.value_type.type_id = (uint32_t)c.m.t.u64;
	point_to(&c, 40);
	expect(&c, "40");
	map_deinit(&c.m);
}
END_TEST

static const unit_test tests[] = {
	&pointers_to_slots_name_them,
	&numbers_in_an_arena_are_addresses,
};

UNIT_MAIN("render_map_slots", tests)
