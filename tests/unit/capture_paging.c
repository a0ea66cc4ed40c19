/* SPDX-License-Identifier: BSD-2-Clause */
/* paging.c: page tables of 4 and 5 levels, and the TLB in front of them. */
#include <string.h>

#include "tests/lib/guest_builder.h"
#include "tests/lib/unit.h"

#define RAM_GPA 0x100000ULL
#define RAM_SIZE (64 * PAGE_SIZE)

#define CR3_LAM_U57 (1ULL << 61)
#define CR3_LAM_U48 (1ULL << 62)
#define CR3_NO_FLUSH (1ULL << 63)

static const unsigned all_levels[] = { 4, 5 };

/* Kernel addresses that exist with 4 levels as well as with 5. */
static const uint64_t addresses[] = {
	0xffff888000000000, 0xffff800000000000, 0xffffffff81000000, 0xffffffffffe00000,
	0x0000000000001000, 0x00007ffffffff000, 0x00005555deadb000,
};

START_TEST(leaves_of_every_size_are_followed)
{
	for (size_t l = 0; l < ARRAY_SIZE(all_levels); l++)
		for (size_t a = 0; a < ARRAY_SIZE(addresses); a++)
			for (unsigned level = 1; level <= 3; level++) {
				uint64_t span = 1ULL << (PAGE_SHIFT + 9 * (level - 1));
				uint64_t va = addresses[a] & ~(span - 1), gpa;
				uint64_t to = 0x123456789000 & ~(span - 1);
				struct guest_builder b;

				guest_init(&b, RAM_GPA, RAM_SIZE, all_levels[l]);
				guest_map(&b, va, to, level);
				va = (addresses[a] | 0xabc) < PAGE_SIZE ? va + PAGE_SIZE
									: addresses[a] | 0xabc;
				ck_assert_int_eq(paging_translate(&b.guest.paging, va, &gpa),
						 READ_OK);
				ck_assert_uint_eq(gpa, to + (va & (span - 1)));
				/* and from the TLB */
				ck_assert_int_eq(
					paging_translate(&b.guest.paging, va ^ 0x0ff, &gpa),
					READ_OK);
				ck_assert_uint_eq(gpa, to + ((va ^ 0x0ff) & (span - 1)));
				guest_deinit(&b);
			}
}
END_TEST

START_TEST(large_bit_means_nothing_in_the_top_tables_and_in_4k_entries)
{
	/* in a 4 KiB entry bit 7 is PAT; in levels 4 and 5 it is reserved */
	for (size_t l = 0; l < ARRAY_SIZE(all_levels); l++) {
		struct guest_builder b;
		uint64_t gpa;

		guest_init(&b, RAM_GPA, RAM_SIZE, all_levels[l]);
		guest_map(&b, GUEST_KVA, 0x77000, 1);
		*guest_entry(&b, GUEST_KVA, 1) |= PTE_LARGE;
		for (unsigned level = 4; level <= all_levels[l]; level++)
			*guest_entry(&b, GUEST_KVA, level) |= PTE_LARGE;
		ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA + 5, &gpa), READ_OK);
		ck_assert_uint_eq(gpa, 0x77005);
		guest_deinit(&b);
	}
}
END_TEST

START_TEST(an_entry_that_is_not_present_ends_the_walk)
{
	for (size_t l = 0; l < ARRAY_SIZE(all_levels); l++)
		for (unsigned level = 1; level <= all_levels[l]; level++) {
			struct guest_builder b;
			uint64_t gpa;

			guest_init(&b, RAM_GPA, RAM_SIZE, all_levels[l]);
			guest_map(&b, GUEST_KVA, RAM_GPA, 1);
			ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa),
					 READ_OK);
			*guest_entry(&b, GUEST_KVA, level) &= ~PTE_PRESENT;
			guest_flush(&b);
			ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa),
					 READ_NOT_MAPPED);
			guest_deinit(&b);
		}
}
END_TEST

START_TEST(a_table_outside_ram_is_no_ram)
{
	for (size_t l = 0; l < ARRAY_SIZE(all_levels); l++)
		for (unsigned level = 2; level <= all_levels[l]; level++) {
			struct guest_builder b;
			uint64_t gpa;

			guest_init(&b, RAM_GPA, RAM_SIZE, all_levels[l]);
			guest_map(&b, GUEST_KVA, RAM_GPA, 1);
			*guest_entry(&b, GUEST_KVA, level) = 0x7000000000 | PTE_PRESENT;
			guest_flush(&b);
			ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa),
					 READ_NO_RAM);
			guest_deinit(&b);
		}
}
END_TEST

START_TEST(a_root_outside_ram_is_no_ram)
{
	struct guest_builder b;
	uint64_t gpa;

	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	paging_set_root(&b.guest.paging, &b.phys, 0xdead000, 4);
	ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa), READ_NO_RAM);
	guest_deinit(&b);
}
END_TEST

START_TEST(cr3_flags_are_no_part_of_the_address)
{
	static const uint64_t flags[] = {
		0xfff,	     0x001,	  CR3_NO_FLUSH,
		CR3_LAM_U57, CR3_LAM_U48, CR3_NO_FLUSH | CR3_LAM_U48 | CR3_LAM_U57 | 0xabc,
	};
	struct guest_builder b;
	uint64_t gpa;

	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	guest_map(&b, GUEST_KVA, 0x5000, 1);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		paging_set_root(&b.guest.paging, &b.phys, b.root | flags[i], 4);
		ck_assert_uint_eq(b.guest.paging.root, b.root);
		ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa), READ_OK);
		ck_assert_uint_eq(gpa, 0x5000);
	}
	guest_deinit(&b);
}
END_TEST

START_TEST(nx_and_the_high_bits_of_an_entry_are_no_address)
{
	static const uint64_t high =
		PTE_NX | 0x7ff0000000000000; /* protection keys, ignored bits */
	static const uint64_t low = 0xe7e;   /* writable, user, ..., global, available; not bit 7 */

	for (unsigned leaf = 1; leaf <= 3; leaf++) {
		uint64_t to = leaf == 1 ? 0x7000 : 0x80000000;
		struct guest_builder b;
		uint64_t gpa;

		guest_init(&b, RAM_GPA, RAM_SIZE, 5);
		guest_map(&b, GUEST_KVA, to, leaf);
		for (unsigned level = leaf; level <= 5; level++)
			*guest_entry(&b, GUEST_KVA, level) |= high | low;
		if (leaf > 1)
			*guest_entry(&b, GUEST_KVA, leaf) |= PTE_PAT_LARGE;
		ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA + 0x321, &gpa),
				 READ_OK);
		ck_assert_uint_eq(gpa, to + 0x321);
		guest_deinit(&b);
	}
}
END_TEST

START_TEST(addresses_that_are_not_canonical_are_not_mapped)
{
	static const struct {
		uint64_t va;
		enum read_status by4, by5;
	} cases[] = {
		{ 0x00007ffffffff000, READ_OK, READ_OK },
		{ 0x0000800000000000, READ_NOT_MAPPED, READ_OK },
		{ 0xffff7ffffffff000, READ_NOT_MAPPED, READ_OK },
		{ 0xffff800000000000, READ_OK, READ_OK },
		{ 0x00fffffffffff000, READ_NOT_MAPPED, READ_OK },
		{ 0x0100000000000000, READ_NOT_MAPPED, READ_NOT_MAPPED },
		{ 0x8000000000001000, READ_NOT_MAPPED, READ_NOT_MAPPED },
		{ 0xfeffffffffffffff, READ_NOT_MAPPED, READ_NOT_MAPPED },
		{ 0xff00000000000000, READ_NOT_MAPPED, READ_OK },
		{ 0xfffffffffffff000, READ_OK, READ_OK },
		{ 0x6b6b6b6b6b6b6b6b, READ_NOT_MAPPED, READ_NOT_MAPPED }, /* slab poison */
		{ 0xdead000000000100, READ_NOT_MAPPED, READ_NOT_MAPPED }, /* LIST_POISON1 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t l = 0; l < ARRAY_SIZE(all_levels); l++) {
			struct guest_builder b;
			uint64_t gpa;

			/* a mapping for the low bits, so that only the high ones can be at fault */
			guest_init(&b, RAM_GPA, RAM_SIZE, all_levels[l]);
			guest_map(&b, cases[i].va & ~PAGE_MASK, 0x9000, 1);
			ck_assert_msg(paging_translate(&b.guest.paging, cases[i].va, &gpa) ==
					      (all_levels[l] == 4 ? cases[i].by4 : cases[i].by5),
				      "case %zu, %u levels", i, all_levels[l]);
			guest_deinit(&b);
		}
}
END_TEST

START_TEST(the_first_page_is_a_null_pointer_even_where_it_is_mapped)
{
	struct guest_builder b;
	uint64_t gpa;

	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	guest_map(&b, 0, 0x5000, 1);
	guest_map(&b, PAGE_SIZE, 0x6000, 1);
	ck_assert_int_eq(paging_translate(&b.guest.paging, 0, &gpa), READ_NULL);
	ck_assert_int_eq(paging_translate(&b.guest.paging, PAGE_SIZE - 1, &gpa), READ_NULL);
	ck_assert_int_eq(paging_translate(&b.guest.paging, PAGE_SIZE, &gpa), READ_OK);
	guest_deinit(&b);
}
END_TEST

START_TEST(a_table_that_points_to_itself_ends_after_its_levels)
{
	for (size_t l = 0; l < ARRAY_SIZE(all_levels); l++) {
		struct guest_builder b;
		uint64_t gpa;

		guest_init(&b, RAM_GPA, RAM_SIZE, all_levels[l]);
		for (int i = 0; i < 512; i++)
			((uint64_t *)guest_host(&b, b.root))[i] = b.root | PTE_PRESENT;
		ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA + 0x18, &gpa),
				 READ_OK);
		ck_assert_uint_eq(gpa, b.root + 0x18);
		guest_deinit(&b);
	}
}
END_TEST

START_TEST(the_tlb_is_empty_after_set_root)
{
	struct guest_builder b;
	uint64_t gpa;

	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	guest_map(&b, GUEST_KVA, 0x5000, 1);
	ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa), READ_OK);
	*guest_entry(&b, GUEST_KVA, 1) = 0x6000 | PTE_PRESENT;
	ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa), READ_OK);
	ck_assert_uint_eq(gpa, 0x5000); /* from the TLB: that it is there at all */
	paging_set_root(&b.guest.paging, &b.phys, b.root, 4);
	ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa), READ_OK);
	ck_assert_uint_eq(gpa, 0x6000);
	*guest_entry(&b, GUEST_KVA, 1) = 0;
	paging_set_root(&b.guest.paging, &b.phys, b.root, 4);
	ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA, &gpa), READ_NOT_MAPPED);
	guest_deinit(&b);
}
END_TEST

START_TEST(pages_that_share_a_tlb_slot_are_told_apart)
{
	uint64_t stride = PAGING_TLB_SLOTS * PAGE_SIZE;
	struct guest_builder b;
	uint64_t gpa;

	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	for (uint64_t i = 0; i < 8; i++)
		guest_map(&b, GUEST_KVA + i * stride, 0x10000 + i * PAGE_SIZE, 1);
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 8; i++) {
			ck_assert_int_eq(
				paging_translate(&b.guest.paging, GUEST_KVA + i * stride, &gpa),
				READ_OK);
			ck_assert_uint_eq(gpa, 0x10000 + i * PAGE_SIZE);
		}
	for (uint64_t i = 0; i < 8; i++) { /* and so are neighbours */
		guest_map(&b, GUEST_KVA + i * PAGE_SIZE, 0x20000 + i * PAGE_SIZE, 1);
		paging_translate(&b.guest.paging, GUEST_KVA + (i ? i - 1 : 0) * PAGE_SIZE, &gpa);
		ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA + i * PAGE_SIZE, &gpa),
				 READ_OK);
		ck_assert_uint_eq(gpa, 0x20000 + i * PAGE_SIZE);
	}
	ck_assert_int_eq(paging_translate(&b.guest.paging, GUEST_KVA + 8 * stride, &gpa),
			 READ_NOT_MAPPED);
	guest_deinit(&b);
}
END_TEST

static const unit_test tests[] = {
	&leaves_of_every_size_are_followed,
	&large_bit_means_nothing_in_the_top_tables_and_in_4k_entries,
	&an_entry_that_is_not_present_ends_the_walk,
	&a_table_outside_ram_is_no_ram,
	&a_root_outside_ram_is_no_ram,
	&cr3_flags_are_no_part_of_the_address,
	&nx_and_the_high_bits_of_an_entry_are_no_address,
	&addresses_that_are_not_canonical_are_not_mapped,
	&the_first_page_is_a_null_pointer_even_where_it_is_mapped,
	&a_table_that_points_to_itself_ends_after_its_levels,
	&the_tlb_is_empty_after_set_root,
	&pages_that_share_a_tlb_slot_are_told_apart,
};

UNIT_MAIN("capture_paging", tests)
