/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - what the fuzz targets share
 *
 * A target is one file here; `make fuzz` builds it with libFuzzer, makes seeds for
 * it (seeds.py) and runs it.  A finding is written to build/fuzz/TARGET-crash-...;
 * the program, called with that file's name, repeats it.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/libbpf.h>

/* Each input's broken BTF would have libbpf write on stderr. */
__attribute__((constructor)) static void quiet_libbpf(void)
{
	libbpf_set_print(NULL);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
