/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The little of the kernel that the fixture scheduler touches, declared by hand. Every struct
 * carries preserve_access_index: member offsets are those of the running kernel's BTF (CO-RE), so
 * that one object loads from 6.12 to 7.3. Members that are not used are not declared.
 */
#ifndef SCXFIX_KERNEL_H
#define SCXFIX_KERNEL_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;

#define CO_RE __attribute__((preserve_access_index))

/*
 * libbpf pairs a kfunc's parameters by kind, so this type must be complete in our BTF. clang makes
 * a forward declaration of what it meets first behind a pointer in a struct: task_struct's cpus_ptr
 * is a void pointer for that.
 */
struct cpumask {
	unsigned long bits[1];
};

struct scx_dump_ctx;
struct scx_init_task_args;

struct sched_ext_entity {
	u32 weight;
	u64 slice;
	u64 dsq_vtime;
} CO_RE;

struct thread_info {
	u32 cpu;
} CO_RE;

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid;
	int nr_cpus_allowed;
	char comm[16];
	const void *cpus_ptr; /* struct cpumask */
	struct sched_ext_entity scx;
} CO_RE;

enum scx_exit_kind {
	SCX_EXIT_NONE,
	SCX_EXIT_ERROR_STALL = 1026,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
	char *dump;
} CO_RE;

/* 7.1 on, of the scheduler that comes */
struct sched_ext_ops;
struct scx_sub_attach_args {
	struct sched_ext_ops *ops;
} CO_RE;

/* libbpf pairs the members with the running kernel's struct by name. */
struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*dump)(struct scx_dump_ctx *ctx);
	void (*dump_cpu)(struct scx_dump_ctx *ctx, s32 cpu, bool idle);
	void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);
	s32 (*sub_attach)(struct scx_sub_attach_args *args);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	u32 timeout_ms;
	u32 exit_dump_len;
	u64 flags;
	u64 sub_cgroup_id;
	char name[128];
} CO_RE;

/* The cid form (7.2 on): CPUs by their topological ids, all else as above. */
struct sched_ext_ops_cid {
	s32 (*select_cid)(struct task_struct *p, s32 prev_cid, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cid, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*dump)(struct scx_dump_ctx *ctx);
	void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);
	s32 (*sub_attach)(struct scx_sub_attach_args *args);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	u32 timeout_ms;
	u32 exit_dump_len;
	u64 sub_cgroup_id;
	char name[128];
};

/* enum scx_dsq_id_flags and enum scx_kick_flags; the values have not changed since 6.12. */
#define SCX_DSQ_GLOBAL (1ULL << 63 | 1)
#define SCX_DSQ_LOCAL (1ULL << 63 | 2)
#define SCX_DSQ_LOCAL_ON (1ULL << 63 | 1ULL << 62)
#define SCX_SLICE_INF (~0ULL)
#define SCX_KICK_IDLE 1ULL

/* 6.19 on; where there are sub-schedulers the call with plain arguments is an error. */
struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

/*
 * Weak where it is missing in some kernel: that must not keep the object from loading. 6.12 has only the
 * old names of insert and move_to_local (renamed in 6.13). Debian's 7.1 and 7.2 have kfuncs that no
 * program can call, their BTF prototypes show the implicit argument: scx_bpf_create_dsq(), and in
 * 7.2 scx_bpf_pick_idle_cpu(), scx_bpf_kick_cpu() and scx_bpf_error_bstr() as well.
 */
extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym __weak;
extern void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice,
			       u64 enq_flags) __ksym __weak;
extern void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
				     u64 enq_flags) __ksym __weak;
extern bool __scx_bpf_dsq_insert_vtime(struct task_struct *p,
				       struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
extern bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym __weak;
extern void scx_bpf_dispatch(struct task_struct *p, u64 dsq_id, u64 slice,
			     u64 enq_flags) __ksym __weak;
extern void scx_bpf_dispatch_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
				   u64 enq_flags) __ksym __weak;
extern bool scx_bpf_consume(u64 dsq_id) __ksym __weak;

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
				  bool *is_idle) __ksym;
extern s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags) __ksym __weak;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym __weak;
extern void scx_bpf_error_bstr(char *fmt, unsigned long long *data, u32 data__sz) __ksym __weak;
extern void scx_bpf_dump_bstr(char *fmt, unsigned long long *data, u32 data__sz) __ksym;

/* Where the kernel of x86-64 keeps it; scx_bpf_task_cpu() is not for schedulers of the cid form. */
static inline u32 task_cpu(const struct task_struct *p)
{
	return p->thread_info.cpu;
}

static inline void dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert))
		scx_bpf_dsq_insert(p, dsq_id, slice, enq_flags);
	else
		scx_bpf_dispatch(p, dsq_id, slice, enq_flags);
}

static inline void dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
				    u64 enq_flags)
{
	struct scx_bpf_dsq_insert_vtime_args args = {
		.dsq_id = dsq_id, .slice = slice, .vtime = vtime, .enq_flags = enq_flags
	};

	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime))
		__scx_bpf_dsq_insert_vtime(p, &args);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime))
		scx_bpf_dsq_insert_vtime(p, dsq_id, slice, vtime, enq_flags);
	else
		scx_bpf_dispatch_vtime(p, dsq_id, slice, vtime, enq_flags);
}

static inline bool dsq_move_to_local(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local))
		return scx_bpf_dsq_move_to_local(dsq_id);
	return scx_bpf_consume(dsq_id);
}

/* Where it can't be called, the kernel's own resched of the task's CPU has to do. */
static inline void kick_idle_cpu(const struct task_struct *p)
{
	s32 cpu;

	if (!bpf_ksym_exists(scx_bpf_pick_idle_cpu) || !bpf_ksym_exists(scx_bpf_kick_cpu))
		return;
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

/* printf-like calls of sched_ext: a format and an array of 64-bit arguments. */
#define SCX_BSTR(call, text, ...)                             \
	({                                                    \
		static char fmt_[] = text;                    \
		unsigned long long args_[] = { __VA_ARGS__ }; \
		call(fmt_, args_, sizeof(args_));             \
	})
#define scx_error(text, ...) SCX_BSTR(scx_bpf_error_bstr, text, __VA_ARGS__)
#define scx_dump(text, ...) SCX_BSTR(scx_bpf_dump_bstr, text, __VA_ARGS__)

#endif
