/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk_builder.h - a walk over a guest that holds only what a test puts there
 *
 * The layout has no members but those that a test (or walk_fixture_containers())
 * gives it, so no BTF is needed; or those of BTF that the test builds.
 */
#ifndef TESTS_WALK_BUILDER_H
#define TESTS_WALK_BUILDER_H

#include "capture/read/walk.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/guest_builder.h"

struct walk_fixture {
	struct guest_builder b;
	struct kernel kernel;
	struct pool pool;
	struct walk walk;
};

void walk_fixture_init(struct walk_fixture *f);
/*
 * The same with the types that `make` builds, the layout that they give, and a report that is
 * emptied first; with the settings that users get.
 */
void walk_fixture_start(struct walk_fixture *f, void (*make)(struct btf_builder *),
			struct scxray_report *report);
/* The kernel's types are those that were built; *b is gone afterwards. */
void walk_fixture_types(struct walk_fixture *f, struct btf_builder *b);
void walk_fixture_deinit(struct walk_fixture *f);

/* Member m is `size` bytes at `offset`. */
void walk_fixture_member(struct walk_fixture *f, enum layout_member m, uint32_t offset,
			 uint32_t size);

/* The members of list_head, rb_node, xa_node, rhashtable and bucket_table, as on x86-64. */
void walk_fixture_containers(struct walk_fixture *f);

#endif
