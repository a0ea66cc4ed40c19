/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox.h - a seccomp filter on one thread, and on those that it starts
 *
 *	SANDBOX_X=1,2,3		the calls that may be made; any other ends the program (SIGSYS)
 *	SANDBOX_DENIED=4,5	these fail with errno SANDBOX_ERRNO instead
 */
#ifndef TESTS_HOSTS_SANDBOX_H
#define TESTS_HOSTS_SANDBOX_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define SANDBOX_MAX 600

struct sandbox {
	struct sock_filter code[SANDBOX_MAX];
	unsigned short nr;
};

static inline void sandbox_add(struct sandbox *s, unsigned short code, uint8_t jt, uint8_t jf,
			       uint32_t k)
{
	if (s->nr < SANDBOX_MAX)
		s->code[s->nr++] = (struct sock_filter){ code, jt, jf, k };
}

/* What becomes of each call of a list "1,2,3". */
static inline void sandbox_list(struct sandbox *s, const char *list, uint32_t action)
{
	while (list && *list) {
		char *end;
		unsigned long number = strtoul(list, &end, 10);

		if (end == list)
			return;
		sandbox_add(s, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number);
		sandbox_add(s, BPF_RET | BPF_K, 0, 0, action);
		list = *end ? end + 1 : end;
	}
}

static inline void sandbox_enter(const char *variable)
{
	const char *allowed = getenv(variable), *error = getenv("SANDBOX_ERRNO");
	struct sandbox s = { .nr = 0 };
	struct sock_fprog program = { .filter = s.code };

	if (!allowed)
		return;
	sandbox_add(&s, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	sandbox_add(&s, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	sandbox_add(&s, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	sandbox_add(&s, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	sandbox_list(&s, getenv("SANDBOX_DENIED"),
		     SECCOMP_RET_ERRNO | (error ? (uint32_t)atoi(error) : 1));
	sandbox_list(&s, allowed, SECCOMP_RET_ALLOW);
	sandbox_add(&s, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	program.len = s.nr;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("host: seccomp");
		exit(1);
	}
}

#endif
