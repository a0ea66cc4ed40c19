/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_speed.c - how fast a big map is written as JSON
 *
 *	json_speed [ENTRIES [ROUNDS]]
 *
 * Makes a report whose only map is a hash of ENTRIES (100 000) entries, a u32 key
 * and a struct of numbers and a name each, writes it to /dev/null ROUNDS (5)
 * times, and prints one JSON object: bytes of one document, the median of the processor time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/btf.h>
#include <linux/btf.h>

#include <scxray/map.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

#define VALUE_SIZE 48
#define NAME_SIZE 16

struct input {
	struct btf *btf;
	struct scxray_map map;
	struct scxray_report report;
	uint8_t *bytes;
};

static void make_types(struct input *in)
{
	int u32, u64, chr, name, value;

	in->btf = btf__new_empty();
	u32 = btf__add_int(in->btf, "unsigned int", 4, 0);
	u64 = btf__add_int(in->btf, "unsigned long long", 8, 0);
	chr = btf__add_int(in->btf, "char", 1, BTF_INT_SIGNED);
	name = btf__add_array(in->btf, u32, chr, NAME_SIZE);
	value = btf__add_struct(in->btf, "task_stat", VALUE_SIZE);
	btf__add_field(in->btf, "pid", u32, 0, 0);
	btf__add_field(in->btf, "cls", u32, 32, 0);
	btf__add_field(in->btf, "nr_enq", u64, 64, 0);
	btf__add_field(in->btf, "nr_run", u64, 128, 0);
	btf__add_field(in->btf, "last_enq_ns", u64, 192, 0);
	btf__add_field(in->btf, "comm", name, 256, 0);
	in->map.key_type =
		(struct scxray_type){ .btf = in->btf, .type_id = (uint32_t)u32, .size = 4 };
	in->map.value_type = (struct scxray_type){ .btf = in->btf,
						   .type_id = (uint32_t)value,
						   .size = VALUE_SIZE };
}

static void make_entry(struct input *in, uint32_t i)
{
	uint8_t *key = in->bytes + (size_t)i * (8 + VALUE_SIZE), *value = key + 8;
	uint64_t numbers[3] = { i * 3ULL, i * 7919ULL, 5706400646ULL + i * 1000003ULL };
	uint32_t small[2] = { 1000 + i, i % 4 };

	memcpy(key, small, 4);
	memcpy(value, small, 8);
	memcpy(value + 8, numbers, 24);
	snprintf((char *)value + 32, NAME_SIZE, "task-%u", i % 10000000);
	in->map.entries[i] = (struct scxray_entry){
		.addr = 0xffff888000000000ULL + i * 128ULL,
		.key = key,
		.value = value,
	};
}

static bool make_input(struct input *in, uint32_t nr)
{
	memset(in, 0, sizeof(*in));
	in->map.entries = calloc(nr, sizeof(*in->map.entries));
	in->bytes = calloc(nr, 8 + VALUE_SIZE);
	if (!in->map.entries || !in->bytes)
		return false;
	make_types(in);
	for (uint32_t i = 0; i < nr; i++)
		make_entry(in, i);
	in->map.form = SCXRAY_MAP_ENTRIES;
	in->map.nr_entries = nr;
	in->map.total = nr;
	in->report.maps = &in->map;
	in->report.nr_maps = 1;
	return true;
}

static void free_input(struct input *in)
{
	btf__free(in->btf);
	free(in->map.entries);
	free(in->bytes);
}

/* Microseconds that one document took; its size to *bytes. */
static double write_once(const struct input *in, uint64_t *bytes)
{
	const struct scxray_document doc = { .late = &in->report };
	struct timespec start, end;
	FILE *out = fopen("/dev/null", "w");
	int ret;

	if (!out)
		return -1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	ret = scxray_render_json(&doc, out);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	*bytes = (uint64_t)ftello(out);
	fclose(out);
	return ret ? -1
		   : (double)(end.tv_sec - start.tv_sec) * 1e6 +
			       (double)(end.tv_nsec - start.tv_nsec) / 1e3;
}

/* /dev/null counts nothing: the size of a document from a stream that does. */
static uint64_t document_size(const struct input *in)
{
	const struct scxray_document doc = { .late = &in->report };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return 0;
	if (scxray_render_json(&doc, out))
		len = 0;
	fclose(out);
	free(text);
	return len;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv)
{
	uint32_t nr = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
	uint64_t bytes, unused;
	struct input in;
	double us[64];

	if (!nr || !rounds || rounds > 64 || !make_input(&in, nr)) {
		fprintf(stderr, "usage: json_speed [ENTRIES [ROUNDS (64 at most)]]\n");
		return 2;
	}
	bytes = document_size(&in);
	for (unsigned i = 0; i < rounds; i++) {
		us[i] = write_once(&in, &unused);
		if (us[i] < 0) {
			perror("json_speed");
			return 1;
		}
	}
	qsort(us, rounds, sizeof(us[0]), by_value);
	printf("{\"entries\":%u,\"bytes\":%llu,\"us\":%.0f,\"mb_per_s\":%.0f}\n", nr,
	       (unsigned long long)bytes, us[rounds / 2], (double)bytes / us[rounds / 2]);
	free_input(&in);
	return 0;
}
