// SPDX-License-Identifier: GPL-2.0
/*
 * Global variables: several in one section, one with a flexible array at the end. And bodies for
 * what the guest's init makes with our types: BTF has only what is used.
 */
#include "zoo_kernel.h"

struct zoo_flexible {
	u32 nr;
	s16 items[];
};

struct zoo_types {
	struct zoo_key key;
	struct zoo_value value;
	struct zoo_small small;
	struct zoo_big big;
	struct zoo_row row;
	struct zoo_node node;
	struct zoo_roots roots;
};

s32 zoo_counter SEC(".data.zoo") = -5;
u64 zoo_words[4] SEC(".data.zoo") = { 1, 0, 0xffffffffffffffffULL, 0 };
char zoo_name[16] SEC(".data.zoo") = "\xff\x01zoo\ttab";
enum zoo_colour zoo_colour SEC(".data.zoo") = ZOO_BELOW;

struct zoo_flexible zoo_flexible SEC(".data.flex") = { .nr = 3, .items = { 10, -20, 30 } };

u64 zoo_nothing[8];

const volatile struct zoo_small zoo_constant = { .count = 1, .balance = -1, .mask = 0xf0f0 };

struct zoo_types *zoo_types SEC(".data.types");
