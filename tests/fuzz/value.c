/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value.c - any bytes as a value of any BTF, and its difference to another one
 *
 * Two bytes say how many bytes of value there are behind them; the rest is BTF.
 * Each of its types is what the value may be, and pointers lead back into the
 * value, so that the walk follows whatever it finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <scxray/value.h>

#include "fuzz.h"
#include "render/diff/values.h"

struct memory {
	const uint8_t *bytes;
	size_t size;
};

static bool follow(void *arg, const struct btf *btf, uint32_t type_id, uint64_t addr,
		   unsigned depth, struct scxray_followed *to)
{
	const struct memory *memory = arg;
	const struct btf_type *pointer = btf__type_by_id(btf, type_id);

	(void)depth;
	if (addr % 3 == 0 || !pointer || !memory->size) {
		to->skipped = "not to be followed";
		return false;
	}
	to->value = (struct scxray_value){
		.btf = btf,
		.type_id = pointer->type,
		.bytes = memory->bytes + addr % memory->size,
		.size = (uint32_t)(memory->size - addr % memory->size),
		.addr = addr,
		.state = addr % 7 ? SCXRAY_PRESENT : SCXRAY_UNREADABLE,
		.reason = "made up",
	};
	return true;
}

static int silent(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

/* Against the same value with some of its bytes changed. */
static void compare(const struct scxray_value *value)
{
	uint8_t *changed = malloc(value->size ? value->size : 1);
	struct value_budget budget = { .nodes = 400, .bytes = 4096 };
	struct scxray_value old = *value;
	struct diff d = { 0 };

	if (!changed)
		abort();
	for (uint32_t i = 0; i < value->size; i++)
		changed[i] = value->bytes[i] ^ (i % 3 ? 0 : 0x41);
	old.bytes = changed;
	diff_values(&d, &old, value, 16, &budget);
	diff_deinit(&d);
	free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scxray_value value = { .state = SCXRAY_PRESENT, .addr = 0x1000 };
	struct memory memory;
	struct scxray_value_options options = {
		.max_elements = 64,
		.max_nodes = 400,
		.max_bytes = 4096,
		.nr_cpus = 70,
		.follow = follow,
		.follow_arg = &memory,
	};
	uint8_t *exact;
	struct btf *btf;
	uint32_t nr;
	FILE *out;

	if (size < 2)
		return 0;
	memory.size = (data[0] | data[1] << 8) % 512;
	if (size - 2 < memory.size)
		return 0;
	libbpf_set_print(silent);
	btf = btf__new(data + 2 + memory.size, (uint32_t)(size - 2 - memory.size));
	if (!btf)
		return 0;
	/* a block of just its size: a read beyond it is seen */
	exact = malloc(memory.size ? memory.size : 1);
	out = fopen("/dev/null", "w");
	if (!exact || !out)
		abort();
	memcpy(exact, data + 2, memory.size);
	memory.bytes = exact;
	value.btf = btf;
	value.bytes = exact;
	value.size = (uint32_t)memory.size;
	nr = btf__type_cnt(btf);
	for (value.type_id = 0; value.type_id < nr && value.type_id < 64; value.type_id++) {
		scxray_value_json(&value, &options, out);
		scxray_value_text(&value, &options, 1, out);
		compare(&value);
	}
	fclose(out);
	free(exact);
	btf__free(btf);
	return 0;
}
