// SPDX-License-Identifier: GPL-2.0
/* A kptr to a struct of the program's own. */
#include "zoo_kernel.h"

struct zoo_own {
	u64 number;
	s32 sign;
};

struct zoo_owner {
	u64 before;
	struct zoo_own __kptr *own;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct zoo_owner);
} zoo_owner SEC(".maps");

SEC("syscall")
int zoo_adopt(void *unused)
{
	u32 zero = 0;
	struct zoo_owner *owner = bpf_map_lookup_elem(&zoo_owner, &zero);
	struct zoo_own *own;

	if (!owner)
		return 1;
	owner->before = 1;
	own = zoo_new(struct zoo_own);
	if (!own)
		return 1;
	own->number = 7777;
	own->sign = -7;
	own = bpf_kptr_xchg(&owner->own, own);
	if (own)
		bpf_obj_drop_impl(own, NULL);
	return 0;
}
