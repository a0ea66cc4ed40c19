/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_fixture.h - members of a struct in guest memory
 */
#ifndef TESTS_READ_FIXTURE_H
#define TESTS_READ_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "capture/read/read.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define OBJECT GUEST_KVA
#define HOLE (GUEST_KVA + 2 * PAGE_SIZE)
#define UNMAPPED (GUEST_KVA + 0x40000000)

static struct walk_fixture f;

static inline void start(void)
{
	static const uint8_t zero[2 * PAGE_SIZE];

	walk_fixture_init(&f);
	guest_put(&f.b, OBJECT, zero, sizeof(zero));
}

#endif
