/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_repeated.c - the early half names what it has in common with the late one
 */
#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/sample.h"

struct pair {
	struct sample early, late;
	struct scxray_document doc;
};

static void pair_init(struct pair *p)
{
	sample_init(&p->early);
	sample_init(&p->late);
	scxray_document_dual(&p->doc, &p->early.r, &p->late.r, NULL);
}

static void pair_deinit(struct pair *p)
{
	sample_deinit(&p->early);
	sample_deinit(&p->late);
}

/* The early half of the text, on the heap. */
static char *early_half(const struct pair *p, bool full)
{
	struct scxray_text_options options = { .width = 120, .full = full };
	char *text = NULL, *start, *end, *half;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(scxray_render_text(&p->doc, &options, out), 0);
	fclose(out);
	start = strstr(text, "early snapshot (");
	end = strstr(text, "late snapshot (error-exit");
	ck_assert(start && end && start < end);
	half = strndup(start, (size_t)(end - start));
	free(text);
	return half;
}

static void ck_early(const struct pair *p, bool full, const char *has, const char *has_not)
{
	char *half = early_half(p, full);

	ck_assert_msg(!has || strstr(half, has), "'%s' is missing in:\n%s", has, half);
	ck_assert_msg(!has_not || !strstr(half, has_not), "'%s' is in:\n%s", has_not, half);
	free(half);
}

START_TEST(equal_sections_are_one_line)
{
	struct pair p;

	pair_init(&p);
	ck_early(&p, false, "\nvcpu_regs: as in the late snapshot\n", "vcpu 0:");
	ck_early(&p, false, "\nmaps as in the late snapshot: ", "map arr");
	ck_early(&p, false, NULL, "prog_runtime_stats"); /* neither half has any */
	ck_early(&p, true, "\n  vcpu 0: ip=", "as in the late snapshot");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_section_that_differs_is_printed)
{
	struct pair p;

	pair_init(&p);
	p.late.vcpus[0].parked = false;
	ck_early(&p, false, "\nvcpu_regs:\n  vcpu 0: ip=", "vcpu_regs: as");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_map_that_differs_is_printed)
{
	struct pair p;
	char line[64];

	pair_init(&p);
	snprintf(line, sizeof(line), "\nmap %s (", p.early.maps[0].name.bytes);
	ck_early(&p, false, NULL, line + 1);
	p.late.maps[0].max_entries.value++;
	ck_early(&p, false, line, NULL);
	/* the same name, but another map: that it reads the same says nothing */
	p.late.maps[0].max_entries.value--;
	p.late.maps[0].map_kva++;
	ck_early(&p, false, line, NULL);
	pair_deinit(&p);
}
END_TEST

START_TEST(equal_stacks_are_counted)
{
	static struct scxray_address early_frames[] = { { N(0xffffffff81000010), "f+0x1" } };
	static struct scxray_address late_frames[] = { { N(0xffffffff81000010), "f+0x1" } };
	struct pair p;

	pair_init(&p);
	for (int i = 0; i < 2; i++) {
		p.early.tasks[STUCK0 + i].kernel_stack =
			(struct scxray_stack_trace){ early_frames, 1, "end of the stack", true };
		p.late.tasks[STUCK0 + i].kernel_stack =
			(struct scxray_stack_trace){ late_frames, 1, "end of the stack", true };
	}
	ck_early(&p, false, "\n  kernel stacks of 2 tasks: as in the late snapshot\n", "stack: f");
	ck_early(&p, true, "stack: f+0x1\n", "as in the late");
	p.late.tasks[STUCK1].kernel_stack.nr = 0;
	ck_early(&p, false, "\n  kernel stacks of 1 task: as in the late snapshot\n", NULL);
	ck_early(&p, false, "    1 task: stuck1[102]\n      stack: f+0x1\n", "task: stuck0");
	pair_deinit(&p);
}
END_TEST

static const unit_test tests[] = {
	&equal_sections_are_one_line,
	&a_section_that_differs_is_printed,
	&a_map_that_differs_is_printed,
	&equal_stacks_are_counted,
};

UNIT_MAIN("render repeated", tests)
