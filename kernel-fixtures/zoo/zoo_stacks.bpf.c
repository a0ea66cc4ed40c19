// SPDX-License-Identifier: GPL-2.0
/* Stack traces: of the kernel by addresses, of a process by build id. */
#include "zoo_kernel.h"

#define DEPTH 32

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__type(key, u32);
	__uint(value_size, DEPTH * sizeof(u64));
} zoo_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(map_flags, BPF_F_STACK_BUILD_ID);
	__uint(max_entries, 16);
	__type(key, u32);
	__uint(value_size, DEPTH * sizeof(struct bpf_stack_build_id));
} zoo_build_ids SEC(".maps");

SEC("raw_tp/sys_enter")
int zoo_stack(void *ctx)
{
	long kernel = bpf_get_stackid(ctx, &zoo_stacks, 0);
	long user = bpf_get_stackid(ctx, &zoo_build_ids, BPF_F_USER_STACK);

	return kernel < 0 || user < 0;
}
