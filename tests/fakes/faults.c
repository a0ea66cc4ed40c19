/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults.c - allocations and system calls that fail once: see faults.h
 *
 * Each wrapper is a few instructions that ask fault_due(), and go on in the function with all
 * arguments as they came; so one form does for every signature, variadic ones too.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#define MAX_SITES 4096

/* With an errno: a signal may end the call. */
#define WAITS 0x100

enum how {
	FAIL,
	KILL,
	INTERRUPT
};

static struct {
	atomic_bool armed;
	atomic_ulong calls;
	unsigned long nth;
	enum how how;
	_Atomic(const char *) failed;
	struct site {
		_Atomic uintptr_t from;
		unsigned long call;
		const char *name;
	} sites[MAX_SITES]; /* by the address that called; 0: free */
} faults;

/* No vector registers: what the caller has in them is an argument. */
#define SCALAR __attribute__((target("general-regs-only"), used))

/* Is this the place's first call? */
static SCALAR void note_site(uintptr_t from, const char *name, unsigned long call)
{
	for (unsigned long i = from % MAX_SITES, tries = 0; tries < MAX_SITES;
	     i = (i + 1) % MAX_SITES, tries++) {
		struct site *site = &faults.sites[i];
		uintptr_t none = 0;

		if (site->from == from)
			return;
		if (!atomic_compare_exchange_strong(&site->from, &none, from))
			continue;
		site->call = call;
		site->name = name;
		return;
	}
}

static SCALAR void say_fault(unsigned long call, const char *name)
{
	char line[96], *at = line + sizeof(line);

	*--at = '\n';
	for (size_t n = strlen(name); n;)
		*--at = name[--n];
	*--at = ' ';
	do
		*--at = (char)('0' + call % 10);
	while (call /= 10);
	for (int n = 7; n;)
		*--at = "fault: "[--n];
	syscall(1, 2, at, (size_t)(line + sizeof(line) - at)); /* write(2), which may be wrapped */
}

/* Whether this call fails; errno is set then. */
SCALAR int fault_due(const char *name, int error, uintptr_t from);
SCALAR int fault_due(const char *name, int error, uintptr_t from)
{
	unsigned long call;

	if (!faults.armed)
		return 0;
	call = ++faults.calls;
	if (!faults.nth)
		note_site(from, name, call);
	if (faults.how == INTERRUPT) {
		/* every other one: whoever tries again gets through */
		if (call < faults.nth || call % 2 || !(error & WAITS))
			return 0;
		errno = EINTR;
		return 1;
	}
	if (call != faults.nth)
		return 0;
	faults.failed = name;
	say_fault(call, name);
	if (faults.how == KILL)
		raise(SIGKILL);
	errno = error & ~WAITS;
	return 1;
}

/* Seven registers pushed and a return address: the stack stays aligned, and rax counts vector arguments. */
#define WRAPPER(name, error, result)                                                          \
	__asm__(".pushsection .text\n"                                                        \
		".globl __wrap_" #name "\n"                                                   \
		".type __wrap_" #name ", @function\n"                                         \
		"__wrap_" #name ":\n"                                                         \
		"endbr64\n"                                                                   \
		"push %rdi\npush %rsi\npush %rdx\npush %rcx\npush %r8\npush %r9\npush %rax\n" \
		"lea 1f(%rip), %rdi\n"                                                        \
		"mov $" #error ", %esi\n"                                                     \
		"mov 56(%rsp), %rdx\n"                                                        \
		"call fault_due\n"                                                            \
		"mov %eax, %r11d\n"                                                           \
		"pop %rax\npop %r9\npop %r8\npop %rcx\npop %rdx\npop %rsi\npop %rdi\n"        \
		"test %r11d, %r11d\n"                                                         \
		"jnz 2f\n"                                                                    \
		"jmp __real_" #name "@PLT\n"                                                  \
		"2: mov $" #result ", %rax\n"                                                 \
		"ret\n"                                                                       \
		".popsection\n"                                                               \
		".pushsection .rodata\n"                                                      \
		"1: .asciz \"" #name "\"\n"                                                   \
		".popsection\n");

/* clang-format off */
#define NO_MEMORY(name) WRAPPER(name, 12, 0)	/* ENOMEM, NULL */
#define NO_OBJECT(name) WRAPPER(name, 5, 0)	/* EIO, NULL */
#define NO_LENGTH(name) WRAPPER(name, 12, -1)	/* ENOMEM, -1 */
#define BROKEN(name) WRAPPER(name, 5, -1)	/* EIO, -1 */
#define WAITING(name) WRAPPER(name, 0x105, -1)	/* the same, or EINTR */
#define NUMBER(name) WRAPPER(name, 11, 11)	/* EAGAIN is returned */

NO_MEMORY(malloc) NO_MEMORY(calloc) NO_MEMORY(realloc) NO_MEMORY(aligned_alloc)
NO_MEMORY(strdup) NO_MEMORY(strndup)
NO_MEMORY(open_memstream) NO_MEMORY(fopencookie) NO_MEMORY(fdopen)
NO_MEMORY(ZSTD_createCCtx) NO_MEMORY(ZSTD_createDCtx) NO_MEMORY(btf__new)
NO_LENGTH(asprintf) NO_LENGTH(__asprintf_chk) NO_LENGTH(mmap64) NO_LENGTH(mmap)
NO_OBJECT(fopen) NO_OBJECT(fopen64) NO_OBJECT(opendir) NO_OBJECT(realpath)
BROKEN(open) BROKEN(open64) WAITING(read) WAITING(__read_chk) WAITING(pread) WAITING(pread64)
BROKEN(write) WAITING(pwrite64) BROKEN(lseek64) BROKEN(fstat64) BROKEN(stat64) BROKEN(fstatfs64)
BROKEN(ftruncate64) BROKEN(fchmod) BROKEN(fsync) BROKEN(fflush) BROKEN(rename) BROKEN(unlink)
BROKEN(unlinkat) BROKEN(fcntl64) BROKEN(dup) BROKEN(pipe2) WAITING(poll) BROKEN(eventfd)
BROKEN(memfd_create) BROKEN(sendfile64) BROKEN(readlink) WAITING(waitpid) BROKEN(syscall)
BROKEN(getrlimit64) BROKEN(setrlimit64) BROKEN(prctl) BROKEN(fork) BROKEN(madvise)
NUMBER(posix_spawn) NUMBER(posix_spawn_file_actions_adddup2)
NUMBER(posix_spawn_file_actions_addclose) NUMBER(posix_spawn_file_actions_addclosefrom_np)
NUMBER(pthread_create)
	/* clang-format on */

	int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);

/* Closed it is in any case. */
int __wrap_fclose(FILE *file)
{
	int failed = __real_fclose(file);

	if (!fault_due("fclose", ENOSPC, (uintptr_t)__builtin_return_address(0)))
		return failed;
	return EOF;
}

void faults_arm(unsigned long nth)
{
	memset(faults.sites, 0, sizeof(faults.sites));
	faults.calls = 0;
	faults.nth = nth;
	faults.failed = NULL;
	faults.armed = true;
}

unsigned long faults_disarm(void)
{
	faults.armed = false;
	return faults.calls;
}

const char *faults_failed(void)
{
	return faults.failed;
}

static int by_call(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return x->call < y->call ? -1 : x->call > y->call;
}

unsigned long faults_sites(unsigned long *calls, unsigned long max)
{
	unsigned long nr = 0;

	qsort(faults.sites, MAX_SITES, sizeof(faults.sites[0]), by_call);
	for (size_t i = 0; i < MAX_SITES && nr < max; i++)
		if (faults.sites[i].from)
			calls[nr++] = faults.sites[i].call;
	return nr;
}

/* ---- told by the environment ------------------------------------------------------- */

static void say_sites(void)
{
	unsigned long calls = faults_disarm();

	qsort(faults.sites, MAX_SITES, sizeof(faults.sites[0]), by_call);
	for (size_t i = 0; i < MAX_SITES; i++)
		if (faults.sites[i].from)
			fprintf(stderr, "site: %lu %s\n", faults.sites[i].call,
				faults.sites[i].name);
	fprintf(stderr, "calls: %lu\n", calls);
}

__attribute__((constructor)) static void faults_begin(void)
{
	const char *nth = getenv("SCXRAY_FAULT"), *how = getenv("SCXRAY_FAULT_HOW");

	if (!nth)
		return;
	faults.how = !how ? FAIL : !strcmp(how, "kill") ? KILL : INTERRUPT;
	faults_arm(strtoul(nth, NULL, 10));
	if (!faults.nth)
		atexit(say_sites);
}
