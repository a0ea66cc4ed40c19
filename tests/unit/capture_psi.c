/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_psi.c: pressure by the kernel's enum, the tree of cgroups, and what is wrong with either. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/system.h>

#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define CGRP_DFL_ROOT (GUEST_KVA + 0x800)
#define CGRP_IN_ROOT 0x40u
#define ROOT (CGRP_DFL_ROOT + CGRP_IN_ROOT)
#define CGROUP(n) (GUEST_KVA + 0x4000 + 0x1000 * (uint64_t)(n))
#define GROUP(n) (CGROUP(n) + 0x400)
#define KN(n) (CGROUP(n) + 0x800)
#define NAME(n) (CGROUP(n) + 0xa00)
#define PSI_SYSTEM (GUEST_KVA + 0x2000)
#define PSI_DISABLED (GUEST_KVA + 0x3000)
#define UNMAPPED (GUEST_KVA + 0x40000000)

/* Offsets in this test's structs; `self` is not the first member here, as it is in kernels. */
#define SELF 0x10u
#define SIBLING (SELF + 0x10u)
#define CHILDREN (SELF + 0x20u)
#define PARENT (SELF + 0x30u)
#define FLAGS (SELF + 0x38u)
#define KN_AT 0x80u
#define PSI_AT 0x88u
#define TOTAL 0x10u
#define STATES 6
#define AVG (TOTAL + 2 * STATES * 8)
#define CSS_DYING 16

static struct walk_fixture f;
static struct scxray_report report;

static void make_types(struct btf_builder *b)
{
	static const struct btf_builder_value states[] = {
		{ "PSI_IO_SOME", 0 },  { "PSI_IO_FULL", 1 },  { "PSI_MEM_SOME", 2 },
		{ "PSI_MEM_FULL", 3 }, { "PSI_CPU_SOME", 4 }, { "PSI_CPU_FULL", 5 },
		{ "PSI_IRQ_FULL", 6 }, /* beyond the arrays */
	};
	uint32_t u64 = btf_builder_int(b, "u64", 8, false);
	uint32_t u32 = btf_builder_int(b, "u32", 4, false);
	uint32_t u8 = btf_builder_int(b, "u8", 1, false);
	uint32_t list =
		BTF_STRUCT(b, "list_head", 16, { "next", u64, 0, 0 }, { "prev", u64, 64, 0 });
	uint32_t css = BTF_STRUCT(b, "cgroup_subsys_state", 0x40, { "sibling", list, 0x10 * 8, 0 },
				  { "children", list, 0x20 * 8, 0 }, { "parent", u64, 0x30 * 8, 0 },
				  { "flags", u32, 0x38 * 8, 0 });
	uint32_t cgroup = BTF_STRUCT(b, "cgroup", 0x100, { "self", css, SELF * 8, 0 },
				     { "kn", u64, KN_AT * 8, 0 }, { "psi", u64, PSI_AT * 8, 0 });

	BTF_STRUCT(b, "cgroup_root", 0x200, { "cgrp", cgroup, CGRP_IN_ROOT * 8, 0 });
	BTF_STRUCT(b, "kernfs_node", 16, { "name", u64, 0, 0 }, { "__parent", u64, 64, 0 });
	BTF_STRUCT(b, "psi_group", 0x200, { "enabled", u8, 0, 0 },
		   { "total", btf_builder_array(b, u64, 2 * STATES), TOTAL * 8, 0 },
		   { "avg", btf_builder_array(b, u64, 3 * STATES), AVG * 8, 0 });
	btf_builder_enum(b, "psi_states", 4, false, states, ARRAY_SIZE(states));
}

/* State s has waited for base + s ns, and its average is s + 1 and a quarter percent. */
static void put_group(uint64_t at, uint64_t base)
{
	static const uint8_t enabled = 1;

	guest_put(&f.b, at, &enabled, 1);
	for (uint64_t s = 0; s < STATES; s++) {
		guest_put_u64(&f.b, at + TOTAL + 8 * s, base + s);
		guest_put_u64(&f.b, at + TOTAL + 8 * (STATES + s),
			      0xbad); /* the other aggregator */
		for (uint64_t w = 0; w < 3; w++)
			guest_put_u64(&f.b, at + AVG + 8 * (3 * s + w),
				      ((s + 1) << 11) + (w ? 0 : 512));
	}
}

static void empty_list(uint64_t head)
{
	guest_put_u64(&f.b, head, head);
}

static void put_cgroup(unsigned n, uint64_t parent, uint64_t parent_kn, const char *name)
{
	guest_put_u64(&f.b, CGROUP(n) + PARENT, parent + SELF);
	guest_put_u32(&f.b, CGROUP(n) + FLAGS, 0);
	empty_list(CGROUP(n) + CHILDREN);
	guest_put_u64(&f.b, CGROUP(n) + PSI_AT, GROUP(n));
	guest_put_u64(&f.b, CGROUP(n) + KN_AT, KN(n));
	guest_put_u64(&f.b, KN(n), NAME(n));
	guest_put_u64(&f.b, KN(n) + 8, parent_kn);
	guest_put(&f.b, NAME(n), name, strlen(name) + 1);
	put_group(GROUP(n), 1000 * (n + 1));
}

/* Links these cgroups as the children of one. */
static void link_children(uint64_t parent, const unsigned *children, size_t nr)
{
	uint64_t head = parent + CHILDREN, at = head;

	for (size_t i = 0; i < nr; i++) {
		guest_put_u64(&f.b, at, CGROUP(children[i]) + SIBLING);
		at = CGROUP(children[i]) + SIBLING;
	}
	guest_put_u64(&f.b, at, head);
}

static void start(void)
{
	walk_fixture_start(&f, make_types, &report);
	f.kernel.layout.symbol[S_cgrp_dfl_root] = CGRP_DFL_ROOT;
	f.kernel.layout.symbol[S_psi_system] = PSI_SYSTEM;
	f.kernel.layout.symbol[S_psi_disabled] = PSI_DISABLED;
	guest_put_u32(&f.b, PSI_DISABLED, 0);
	put_group(PSI_SYSTEM, 500);
	guest_put_u64(&f.b, ROOT + KN_AT, KN(9));
	guest_put_u64(&f.b, KN(9) + 8, 0);
	empty_list(ROOT + CHILDREN);
}

/* / with a and c, a with b */
static void start_tree(void)
{
	start();
	put_cgroup(0, ROOT, KN(9), "a");
	put_cgroup(1, CGROUP(0), KN(0), "b");
	put_cgroup(2, ROOT, KN(9), "c");
	link_children(ROOT, (unsigned[]){ 0, 2 }, 2);
	link_children(CGROUP(0), (unsigned[]){ 1 }, 1);
}

START_TEST(pressure_is_found_by_the_enum_and_cgroups_by_their_tree)
{
	static const char *const paths[] = { "/", "/a", "/a/b", "/c" };
	const struct scxray_cgroup_psi *psi;

	start_tree();
	walk_psi(&f.walk);
	ck_assert_ptr_null(report.unavailable[SCXRAY_GROUP_PSI]);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_PSI]);
	ck_assert_uint_eq(report.nr_cgroup_psi, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(report.cgroup_psi[i].path, paths[i]);
	psi = &report.cgroup_psi[2];
	ck_assert_uint_eq(psi->kva, CGROUP(1));
	ck_assert_uint_eq(psi->enabled.value, 1);
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_IO_SOME].total_ns.value, 2000);
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_MEMORY_FULL].total_ns.value, 2003);
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_CPU_FULL].total_ns.value, 2005);
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_CPU_FULL].avg10.value, 625);
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_CPU_FULL].avg60.value, 600);
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_CPU_SOME].avg300.value, 500);
	ck_assert_int_eq(psi->lines[SCXRAY_PSI_IRQ_FULL].total_ns.state, SCXRAY_NONE);
	/* the root's is the system's, where nobody but a cgroup can be kept from all CPUs */
	psi = &report.cgroup_psi[0];
	ck_assert_uint_eq(psi->lines[SCXRAY_PSI_CPU_SOME].total_ns.value, 504);
	ck_assert_int_eq(psi->lines[SCXRAY_PSI_CPU_FULL].total_ns.state, SCXRAY_NONE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_kernel_without_pressure_says_so)
{
	start();
	f.kernel.layout.member[M_psi_group_total].present = false;
	walk_psi(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_PSI], "no CONFIG_PSI"));
	walk_fixture_deinit(&f);

	start();
	guest_put_u32(&f.b, PSI_DISABLED, 1);
	walk_psi(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_PSI], "psi=0"));
	walk_fixture_deinit(&f);

	start();
	f.kernel.layout.symbol[S_cgrp_dfl_root] = 0;
	walk_psi(&f.walk);
	ck_assert_ptr_nonnull(strstr(report.unavailable[SCXRAY_GROUP_PSI], "no cgroups"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(what_cannot_be_read_is_not_0)
{
	start_tree();
	guest_put_u64(&f.b, CGROUP(0) + PSI_AT, UNMAPPED);
	guest_put_u64(&f.b, CGROUP(2) + PSI_AT, 0);
	guest_put_u32(&f.b, CGROUP(2) + FLAGS, CSS_DYING);
	walk_psi(&f.walk);
	ck_assert_uint_eq(report.nr_cgroup_psi, 4);
	ck_assert_int_eq(report.cgroup_psi[1].lines[SCXRAY_PSI_CPU_SOME].total_ns.state,
			 SCXRAY_UNREADABLE);
	ck_assert_int_eq(report.cgroup_psi[1].lines[SCXRAY_PSI_CPU_SOME].avg10.state,
			 SCXRAY_UNREADABLE);
	ck_assert_ptr_nonnull(report.cgroup_psi[3].unavailable);
	ck_assert(report.cgroup_psi[3].dying && !report.cgroup_psi[1].dying);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_tree_that_runs_in_circles_ends)
{
	/* b's children are a: whose parent is the root */
	start_tree();
	link_children(CGROUP(1), (unsigned[]){ 0 }, 1);
	walk_psi(&f.walk);
	ck_assert_uint_eq(report.nr_cgroup_psi, 3);
	ck_assert_ptr_nonnull(strstr(report.cut[SCXRAY_GROUP_PSI], "another parent"));
	walk_fixture_deinit(&f);

	/* a list that never comes back */
	start_tree();
	guest_put_u64(&f.b, CGROUP(2) + SIBLING, CGROUP(2) + SIBLING);
	walk_psi(&f.walk);
	ck_assert_uint_eq(report.nr_cgroup_psi, 4);
	ck_assert_ptr_nonnull(strstr(report.cut[SCXRAY_GROUP_PSI], "circle"));
	walk_fixture_deinit(&f);

	start_tree();
	guest_put_u64(&f.b, CGROUP(0) + CHILDREN, UNMAPPED);
	walk_psi(&f.walk);
	ck_assert_uint_eq(report.nr_cgroup_psi, 3); /* c is still there */
	ck_assert_str_eq(report.cgroup_psi[2].path, "/c");
	ck_assert_ptr_nonnull(report.cut[SCXRAY_GROUP_PSI]);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(the_limit_cuts_and_says_so)
{
	start_tree();
	f.walk.settings.max_cgroups = 3;
	walk_psi(&f.walk);
	ck_assert_uint_eq(report.nr_cgroup_psi, 3);
	ck_assert_str_eq(report.cut[SCXRAY_GROUP_PSI], "cut after 3 cgroups");
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&pressure_is_found_by_the_enum_and_cgroups_by_their_tree,
	&a_kernel_without_pressure_says_so,
	&what_cannot_be_read_is_not_0,
	&a_tree_that_runs_in_circles_ends,
	&the_limit_cuts_and_says_so,
};

UNIT_MAIN("capture_psi", tests)
