/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ram.c - the guest's RAM in QEMU's process: where it lies, and its bytes
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <base/array.h>

#include "qemu/maps.h"
#include "qemu/mtree.h"
#include "qemu/ram.h"

#define MAX_PIECES 65536 /* a mapping may be cut into many by its NUMA policy */

/* ---- where it lies ----------------------------------------------------------------- */

/* The host's address of a guest's: "Host virtual address for 0x0 (pc.ram) is 0x7f5843e00000" */
static int ask_hva(struct monitor *monitor, uint64_t gpa, uint64_t *hva, struct scxray_error *err)
{
	char command[48], *answer = NULL, *is;
	int failed = -1;

	snprintf(command, sizeof(command), "gpa2hva 0x%" PRIx64, gpa);
	if (monitor_command(monitor, command, &answer, err))
		return -1;
	is = strstr(answer, ") is 0x");
	if (is) {
		*hva = strtoull(is + strlen(") is "), NULL, 16);
		failed = 0;
	}
	if (failed)
		scxray_fail(err, SCXRAY_ERR_FORMAT, gpa,
			    "QEMU does not say where guest RAM is: %.120s", answer);
	free(answer);
	return failed;
}

static bool adjoins(const struct ram_piece *a, const struct ram_piece *b)
{
	return a->gpa + a->size == b->gpa && a->hva + a->size == b->hva && a->fd < 0 && b->fd < 0;
}

static int add_piece(struct ram *ram, const struct ram_piece *piece, struct scxray_error *err)
{
	struct ram_piece *grown;

	if (ram->nr && adjoins(&ram->pieces[ram->nr - 1], piece)) {
		ram->pieces[ram->nr - 1].size += piece->size;
		return 0;
	}
	grown = ram->nr < MAX_PIECES ? realloc(ram->pieces, (ram->nr + 1) * sizeof(*grown)) : NULL;
	if (!grown)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, piece->gpa,
				   "guest RAM is in too many pieces");
	ram->pieces = grown;
	ram->pieces[ram->nr++] = *piece;
	return 0;
}

/* Is this the file that an earlier piece has open? */
static int open_file(struct ram *ram, const struct maps_line *map)
{
	return map->shared && map->inode ? maps_open(ram->pid, map) : -1;
}

/* A row of the memory tree: one piece for each mapping that has a part of it. */
static int add_row(struct ram *ram, const struct mtree_row *row, uint64_t hva,
		   struct scxray_error *err)
{
	uint64_t at = 0;

	if (hva + row->size < hva)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, row->gpa,
				   "QEMU says that guest RAM is where no memory can be");
	while (at < row->size) {
		struct ram_piece piece = { .gpa = row->gpa + at, .hva = hva + at, .fd = -1 };
		struct maps_line map;
		uint64_t left = row->size - at;

		/* without a look at the maps the bytes can still be had, if at all */
		if (maps_find(ram->pid, piece.hva, &map) && map.end - piece.hva < left)
			left = map.end - piece.hva;
		else if (!maps_find(ram->pid, piece.hva, &map))
			map = (struct maps_line){ 0 };
		piece.size = left;
		piece.fd = open_file(ram, &map);
		piece.offset = map.offset + (piece.hva - map.start);
		if (piece.fd < 0)
			ram->shared = false;
		if (add_piece(ram, &piece, err)) {
			if (piece.fd >= 0)
				close(piece.fd);
			return -1;
		}
		at += left;
	}
	return 0;
}

/* One byte of each piece: what can't be read now never will be. */
static int try_all(const struct ram *ram, struct scxray_error *err)
{
	for (size_t i = 0; i < ram->nr; i++) {
		uint8_t byte;

		if (ram_read(ram, ram->pieces[i].gpa, &byte, 1))
			continue;
		if (errno == EPERM || errno == EACCES)
			return scxray_fail(
				err, SCXRAY_ERR_IO, 0,
				"the memory of QEMU (pid %d) may not be read: run scxray "
				"as root, or start QEMU by scxray run, or give the guest "
				"a shared memory backend",
				ram->pid);
		return scxray_fail(err, SCXRAY_ERR_IO, ram->pieces[i].gpa,
				   "guest RAM at 0x%" PRIx64
				   " can't be read in QEMU (pid %d, 0x%" PRIx64 "): %s",
				   ram->pieces[i].gpa, ram->pid, ram->pieces[i].hva,
				   strerror(errno));
	}
	return 0;
}

int ram_init(struct ram *ram, struct monitor *monitor, pid_t pid, struct scxray_error *err)
{
	struct mtree_row rows[MTREE_MAX_ROWS];
	char *answer = NULL;
	int nr;

	*ram = (struct ram){ .pid = pid, .shared = true };
	if (monitor_command(monitor, "info mtree -f", &answer, err))
		return -1;
	nr = mtree_parse(answer, rows, MTREE_MAX_ROWS, err);
	free(answer);
	if (nr < 0)
		return -1;
	for (int i = 0; i < nr; i++) {
		uint64_t hva = 0;

		if (ask_hva(monitor, rows[i].gpa, &hva, err) || add_row(ram, &rows[i], hva, err))
			return -1;
	}
	return try_all(ram, err);
}

void ram_deinit(struct ram *ram)
{
	for (size_t i = 0; i < ram->nr; i++)
		if (ram->pieces[i].fd >= 0)
			close(ram->pieces[i].fd);
	free(ram->pieces);
	*ram = (struct ram){ 0 };
}

uint64_t ram_size(const struct ram *ram)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ram->nr; i++)
		size += ram->pieces[i].size;
	return size;
}

/* ---- bytes --------------------------------------------------------------------------- */

static const struct ram_piece *find(const struct ram *ram, uint64_t gpa)
{
	size_t at = LOWER_BOUND(ram->nr, i, ram->pieces[i].gpa + ram->pieces[i].size - 1 < gpa);

	if (at < ram->nr && ram->pieces[at].gpa <= gpa)
		return &ram->pieces[at];
	errno = EFAULT;
	return NULL;
}

static bool read_piece(const struct ram *ram, const struct ram_piece *piece, uint64_t at, void *buf,
		       size_t len)
{
	struct iovec to = { .iov_base = buf, .iov_len = len };
	/* an address in the other process */
	struct iovec from = { .iov_base = (void *)(uintptr_t)(piece->hva + at), .iov_len = len };
	ssize_t got;

	errno = 0;
	if (piece->fd >= 0)
		got = pread(piece->fd, buf, len, (off_t)(piece->offset + at));
	else
		got = process_vm_readv(ram->pid, &to, 1, &from, 1, 0);
	if (got == (ssize_t)len)
		return true;
	if (got >= 0)
		errno = EFAULT;
	return false;
}

bool ram_read(const struct ram *ram, uint64_t gpa, void *buf, size_t len)
{
	while (len) {
		const struct ram_piece *piece = find(ram, gpa);
		uint64_t at = piece ? gpa - piece->gpa : 0, left;

		if (!piece)
			return false;
		left = piece->size - at;
		if (left > len)
			left = len;
		if (!read_piece(ram, piece, at, buf, (size_t)left))
			return false;
		gpa += left;
		buf = (char *)buf + left;
		len -= (size_t)left;
	}
	return true;
}
