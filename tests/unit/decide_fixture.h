/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide_fixture.h - looks at a guest, and what they decide
 */
#ifndef TESTS_DECIDE_FIXTURE_H
#define TESTS_DECIDE_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "watch/decide.h"

#define ROOT 0xffff888001234000ULL

#define TIMEOUT 2000 /* jiffies; HZ is 250 */
#define NO_AGE INT64_MIN

enum {	       /* what a look asks for */
	A = 1, /* attached */
	L = 2, /* left */
	F = 4, /* false hit */
	EARLY = 8,
	LATE = 16,
};

struct step {
	uint64_t root;
	uint64_t exit_kind;
	uint64_t exit_info_kind;
	int64_t age;	  /* greatest runnable age; NO_AGE: nobody is runnable */
	int64_t watchdog; /* the timestamp's age */
	bool hit;
	int last_word; /* -1: not known */
	unsigned wants;
	const char *why;
};

#define RUN(a, w, want)                                 \
	{                                               \
		ROOT, 0, 0, a, w, false, -1, want, NULL \
	}
#define EXIT(kind, info, want, text)                                \
	{                                                           \
		ROOT, kind, info, NO_AGE, 10, false, -1, want, text \
	}

#define GONE(word, want, text)                               \
	{                                                    \
		0, 0, 0, NO_AGE, 10, false, word, want, text \
	}

static inline struct scxray_num number(uint64_t value)
{
	return (struct scxray_num){ .value = value, .state = SCXRAY_PRESENT };
}

static inline struct scxray_look look_of(const struct step *step)
{
	struct scxray_look look = {
		.hz = number(250),
		.scx_root = number(step->root),
		.watchdog_timeout = number(TIMEOUT),
		.watchdog_age = number((uint64_t)step->watchdog),
		.latch = "not_triggered",
	};

	if (!step->root)
		look.scx_root.state = SCXRAY_NONE;
	if (step->age != NO_AGE)
		look.max_runnable_age = number((uint64_t)step->age);
	if (step->root) {
		look.exit_kind = number(step->exit_kind);
		look.exit_info_kind = number(step->exit_info_kind);
	}
	return look;
}

static const struct decide_config usual = { .early = true, .poll = true };
static struct decide d;

static inline void go(const struct step *steps, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct scxray_look look = look_of(&steps[i]);
		struct decide_witness witness = {
			.hit = steps[i].hit,
			.vcpu = 3,
			.has_last_word = steps[i].last_word >= 0,
			.last_word = (uint32_t)steps[i].last_word,
		};
		struct decision got;
		unsigned asks;

		decide_look(&d, &look, &witness, &got);
		asks = (got.attached ? A : 0) | (got.left ? L : 0) | (got.false_hit ? F : 0) |
		       (got.early ? EARLY : 0) | (got.late ? LATE : 0);
		ck_assert_msg(asks == steps[i].wants, "look %zu asks for %u, not %u", i, asks,
			      steps[i].wants);
		if (steps[i].why)
			ck_assert_str_eq(got.why, steps[i].why);
	}
}

#define GO(config, ...)                                      \
	do {                                                 \
		const struct step steps[] = { __VA_ARGS__ }; \
		decide_init(&d, &(config));                  \
		go(steps, ARRAY_SIZE(steps));                \
	} while (0)

static const char *skipped(void)
{
	static char buf[256];

	decide_skipped_reason(&d, buf, sizeof(buf));
	return buf;
}

#endif
