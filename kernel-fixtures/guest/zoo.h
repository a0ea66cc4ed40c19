/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MODE=maps: maps of every type with known contents, and what the host is told of them: maps.txt,
 * one JSON object a line (README.md). None of these maps changes once it is filled.
 */
#ifndef SCXFIX_GUEST_ZOO_H
#define SCXFIX_GUEST_ZOO_H

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "../zoo/zoo.h"
#include "guest.h"

/* Types that the libc's linux/bpf.h is too old for. */
#define TYPE_CGRP_STORAGE 32
#define TYPE_ARENA 33
#define TYPE_INSN_ARRAY 34
#define TYPE_RHASH 35

#define ZOO_CGROUP "/sys/fs/cgroup/zoo"

/* zoo_kinds.c: the C types of keys and values; NULL or "" is bytes without a type */
size_t kind_size(const char *kind);
/* The n-th key or value of this kind; of bytes, `size` of them. */
void kind_key(const char *kind, unsigned int n, void *key, size_t size);
void kind_value(const char *kind, unsigned int n, void *value, size_t size);
void kinds_put(FILE *out);

/* zoo_objects.c: the BPF objects of kernel-fixtures/zoo */
void objects_load(FILE *out);
const struct btf *objects_types(int *fd);
int objects_map(const char *object, const char *map);

/* zoo_plain.c: maps of keys and values */
void plain_make(FILE *out);
/* zoo_special.c, zoo_net.c, zoo_arena.c: the others */
void special_make(FILE *out);
void net_make(FILE *out);
void arena_make(FILE *out);
void big_hash_make(FILE *out, unsigned int entries);

/* zoo_list.c: what bpf() says of them */
enum listing {
	LIST_NOTHING, /* its maker has put down what it stored */
	LIST_ENTRIES,
	LIST_PERCPU,
	LIST_STACKS,
};

/* Keeps a map for good, to be listed. Kinds as above. */
void zoo_keep(int fd, const char *name, enum listing listing, const char *key, const char *value);
/* The map, or -1: then it is put down as absent, with errno. */
int zoo_create(FILE *out, unsigned int type, const char *name, unsigned int key_size,
	       unsigned int value_size, unsigned int max_entries,
	       const struct bpf_map_create_opts *opts);
void zoo_update(int fd, const char *name, const void *key, const void *value);
void zoo_list(FILE *out);

/* The line of a map's entries: {"LISTING": ID, "listed": [[KEY, VALUE]...]}. */
void list_entries(FILE *out, int fd, enum listing listing, const struct bpf_map_info *info);

/* Bytes as hexadecimal digits in quotes; zeroes at the end are left out. */
void put_hex(FILE *out, const void *bytes, size_t size);

/* zoo.c: all of it; scxfix.bighash= is the number of entries of one more hash */
void zoo_make(const struct options *options);
void zoo_send(const struct options *options);

#endif
