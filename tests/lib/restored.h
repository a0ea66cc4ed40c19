/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restored.h - a bundled core put back into a VM, for tests of what happens to it there
 *
 * For test programs named vmm_*: they link the VMM.
 */
#ifndef TESTS_RESTORED_H
#define TESTS_RESTORED_H

#include <scxray/image.h>

#include "vmm/restore.h"

#define RESTORED_PATH_MAX 256
#define RESTORED_MAX_VCPUS 64

/* Where a bundled core lies, from the root of the project. */
#define RESTORED_CORE(name) "kernel-fixtures/cores/" name ".core.zst"

/*
 * Writes a core of the same guest with `nr_vcpus` vCPUs, which have the registers of the real
 * ones in turn, to a temporary file.  The caller unlinks it.
 */
void restored_image(const char *core, unsigned nr_vcpus, char path[RESTORED_PATH_MAX]);

/* A machine with the image in it, its threads not started; ends the test where it fails. */
struct machine *restored_machine(const char *path);

/*
 * What a core's vCPU has none of: code to run.  Puts `again: inc %rax; jmp again` where its RIP
 * stands (with page tables where there are none), and makes it runnable.
 */
#define RESTORED_LOOP_BYTES 5
void restored_loop(struct machine *machine, unsigned vcpu);

#endif
