/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ack.c - how the watcher, which waits for vCPUs, is told that one has done what it was asked for
 */
#include "vmm-plugin/futex.h"
#include "vmm-plugin/vm.h"

void vm_ack(struct vm *vm, bool always)
{
	uint32_t acks = atomic_fetch_add(&vm->acks, 1) + 1;

	/* One wake-up for all of them, not one each: the watcher says at how many. */
	if (always || (int32_t)(acks - atomic_load(&vm->goal)) >= 0)
		futex_wake_all(&vm->acks);
}
