/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jail.c - a process gives up what it does not need
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <base/array.h>

#include "jail.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* a sanitizer's shadow is terabytes */
#endif

static const uint32_t allowed[] = {
	/* open files */
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_lseek,
	SYS_fstat,
	SYS_newfstatat, /* what fstat() is made of; opens nothing */
	SYS_close,
	/* memory; none of it may be code */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	/* the process itself */
	SYS_clock_gettime,
	SYS_sysinfo, /* qsort() asks how much memory there is */
	SYS_futex,
	SYS_getrandom,
	SYS_rt_sigreturn,
	SYS_exit,
	SYS_exit_group,
};

/* Allowed without PROT_EXEC, which is in the same argument of both. */
static const uint32_t allowed_without_code[] = { SYS_mmap, SYS_mprotect };

#define MAX_STEPS (8 + 2 * ARRAY_SIZE(allowed) + 5 * ARRAY_SIZE(allowed_without_code))

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Goes on if equal, else past the next `past` steps. */
#define IF_EQUAL(value, past) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, past)
#define IF_ANY_BIT(bits, past) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, past)

static int install_filter(void)
{
	struct sock_filter steps[MAX_STEPS];
	struct sock_fprog program = { .filter = steps };
	size_t count = 0;

#define STEP(...) (steps[count++] = (struct sock_filter)__VA_ARGS__)
	STEP(LOAD(arch));
	STEP(IF_EQUAL(AUDIT_ARCH_X86_64, 1));
	STEP(BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
	STEP(RETURN(SECCOMP_RET_KILL_PROCESS));
	STEP(LOAD(nr));
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		STEP(IF_EQUAL(allowed[i], 1));
		STEP(RETURN(SECCOMP_RET_ALLOW));
	}
	for (size_t i = 0; i < ARRAY_SIZE(allowed_without_code); i++) {
		STEP(IF_EQUAL(allowed_without_code[i], 4));
		STEP(LOAD(args[2]));
		STEP(IF_ANY_BIT(PROT_EXEC, 1));
		STEP(RETURN(SECCOMP_RET_ERRNO | EPERM));
		STEP(RETURN(SECCOMP_RET_ALLOW));
	}
	STEP(RETURN(SECCOMP_RET_ERRNO | EPERM));
#undef STEP
	program.len = (unsigned short)count;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int set_limits(const struct jail_limits *limits)
{
	const struct {
		__rlimit_resource_t resource;
		uint64_t value;
	} table[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_CPU, limits->processor_sec },
		{ RLIMIT_FSIZE, limits->file_bytes },
		{ RLIMIT_DATA, SANITIZED ? RLIM_INFINITY : limits->memory_bytes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct rlimit limit;

		if (getrlimit(table[i].resource, &limit))
			return -1;
		if (limit.rlim_max > table[i].value)
			limit.rlim_max = table[i].value;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(table[i].resource, &limit))
			return -1;
	}
	return 0;
}

int jail_enter(const struct jail_limits *limits, struct scxray_error *err)
{
	/* a file that is too large is an error of write(2) */
	signal(SIGXFSZ, SIG_IGN);
	if (set_limits(limits) || prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_DUMPABLE, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || install_filter())
		return scxray_fail(err, SCXRAY_ERR_IO, 0,
				   "the process that makes reports can't be confined: %s",
				   strerror(errno));
	return 0;
}
