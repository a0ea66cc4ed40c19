/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the zoo's BPF programs and the guest's init agree on: the values that its maps hold. Between
 * them they have each kind of member that C and BTF know, in forms that a reader gets wrong first.
 */
#ifndef SCXFIX_ZOO_H
#define SCXFIX_ZOO_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/version.h>

#ifdef __bpf__
#define ZOO_TAG(name) __attribute__((btf_type_tag(name)))
#else
#define ZOO_TAG(name)
#endif

enum zoo_colour {
	ZOO_RED,
	ZOO_GREEN,
	ZOO_BLUE = 7,
	ZOO_BELOW = -3
};

enum zoo_flags {
	ZOO_A = 1,
	ZOO_B = 2,
	ZOO_C = 4,
	ZOO_TOP = 0x40000000
};

enum zoo_wide {
	ZOO_NARROW = 1,
	ZOO_WIDE = 0x123456789aULL
};

struct zoo_key {
	__u32 number;
	char name[8];
};

struct zoo_value {
	__s8 s8;
	__u8 u8;
	__s16 s16;
	__u16 u16;
	__s32 s32;
	__u32 u32;
	__s64 s64;
	__u64 u64;
	_Bool yes;
	char letter;
	__s32 neg3 : 3;
	__u32 pos5 : 5;
	__s32 neg17 : 17;
	__u32 : 2;
	__u32 last5 : 5;
	__s64 neg40 : 40;
	__u64 pos24 : 24;
	enum zoo_colour colour;
	enum zoo_flags flags;
	enum zoo_wide wide;
	float half;
	double ratio;
	union {
		__u64 whole;
		struct {
			__u32 low, high;
		};
		struct {
			__u16 part[4];
		} quarters;
	};
	union {
		__s32 number;
		char text[12];
		struct {
			__u8 tag;
			union {
				__u16 port;
				__u8 pair[2];
			};
		} tagged;
	} choice;
	struct {
		__s16 x, y;
	};
	char text[20];
	__u8 raw[6];
	__s32 matrix[2][3];
	__u64 zeroes[3];
	void *pointer;
};

struct zoo_small {
	__u64 count;
	__s32 balance;
	__u32 mask;
};

/* More than a page, so more than two. */
#define ZOO_BIG_WORDS 1111

struct zoo_big {
	__u32 first;
	__u64 words[ZOO_BIG_WORDS];
	__u32 last;
};

/* In 64 bytes: what a big hash holds a million times. */
struct zoo_row {
	__u64 id;
	__u64 sum;
	__s32 delta;
	__u32 flags;
	__u64 stamps[3];
	char tag[16];
};

/* A list in the arena: the last points to the second. */
struct zoo_node {
	struct zoo_node ZOO_TAG("arena") * next;
	__u64 magic;
	__s32 index;
	char name[12];
};

/* The first map value that the arena is reached from. */
struct zoo_roots {
	struct zoo_node ZOO_TAG("arena") * head;
	__u64 as_number;
	__u64 nowhere;
};

struct zoo_fill_args {
	__s32 pid;
	__u32 cpus; /* how many the mask gets, from 0 */
	__u64 cgroup_id;
};

struct zoo_ring_args {
	__u32 submitted; /* records that the full ring took */
	__u32 pad;
	__u64 user_page; /* where the busy record's program will wait for good */
};

#define ZOO_SPECIALS 4
#define ZOO_LIST_LENGTH 5

#endif
