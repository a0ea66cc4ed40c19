/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.h - which QEMU is meant, and where its monitors are
 */
#ifndef QEMU_FIND_H
#define QEMU_FIND_H

#include <stddef.h>
#include <sys/types.h>

#include <scxray/error.h>

#include "qemu/cmdline.h"

/* As the user names it: one of these, or none for the only QEMU of this user. */
struct target {
	const char *address; /* of a monitor: a path, or HOST:PORT */
	pid_t pid;	     /* of a QEMU; 0: none */
	const char *domain;  /* of libvirt */
};

struct found {
	pid_t pid; /* 0: the monitor's socket will say */
	char monitor[CMDLINE_MAX_MONITORS][256];
	size_t nr_monitors; /* to be tried in this order; at least one */
};

/* 0, or -1 with *err: there is none, there are several, it has no monitor. */
int find_target(const struct target *target, struct found *found, struct scxray_error *err);

#endif
