/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs.c - registers of all vCPUs: the notes of a dump of one page, or the monitor's text
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <scxray/image.h>

#include "qemu/regs.h"
#include "qemu/regs_text.h"

#define FD_NAME "scxray-regs"
#define MAX_DUMP (32 << 20) /* 6 KiB for two vCPUs */
#define ARGUMENTS \
	"{\"paging\": false, \"protocol\": \"fd:" FD_NAME "\", \"begin\": 0, \"length\": 4096}"

int regs_init(struct regs *regs, struct scxray_error *err)
{
	*regs = (struct regs){
		.fd = memfd_create(FD_NAME, MFD_CLOEXEC),
		.copy = memfd_create(FD_NAME, MFD_CLOEXEC),
	};
	return regs->fd >= 0 && regs->copy >= 0
		       ? 0
		       : scxray_fail(err, SCXRAY_ERR_IO, 0, "no memory file: %s", strerror(errno));
}

void regs_deinit(struct regs *regs)
{
	if (regs->fd >= 0)
		close(regs->fd);
	if (regs->copy >= 0)
		close(regs->copy);
	regs->fd = regs->copy = -1;
}

/* QEMU writes from where the file's one position is, which is ours as well. */
int regs_prepare(struct regs *regs, struct monitor *monitor, struct scxray_error *err)
{
	if (regs->given || monitor->people || regs->text)
		return 0;
	if (monitor_give_fd(monitor, FD_NAME, regs->fd, err))
		return -1;
	regs->given = true;
	return 0;
}

static int dump_by_people(struct regs *regs, struct monitor *monitor, uint64_t deadline_ns,
			  struct scxray_error *err)
{
	char command[96], *answer = NULL;
	int status = 0;

	snprintf(command, sizeof(command), "dump-guest-memory /proc/%d/fd/%d 0 0x1000", getpid(),
		 regs->fd);
	if (hmp_execute(&monitor->hmp, command, -1, deadline_ns, &answer, err))
		return -1;
	if (*answer)
		status = scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QEMU refuses: %.200s", answer);
	free(answer);
	return status;
}

static int dump(struct regs *regs, struct monitor *monitor, uint64_t deadline_ns,
		struct scxray_error *err)
{
	if (ftruncate(regs->fd, 0) || lseek(regs->fd, 0, SEEK_SET))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "the memory file: %s", strerror(errno));
	if (monitor->people)
		return dump_by_people(regs, monitor, deadline_ns, err);
	if (regs_prepare(regs, monitor, err))
		return -1;
	/* a dump that is refused may have used it up or not: it is given anew */
	regs->given = false;
	return qmp_execute(&monitor->qmp, "dump-guest-memory", ARGUMENTS, -1, deadline_ns, NULL,
			   err);
}

static int copy(const struct regs *regs, struct scxray_error *err)
{
	char bytes[16384];
	off_t at = 0;
	ssize_t nr;

	if (ftruncate(regs->copy, 0))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "a memory file: %s", strerror(errno));
	while ((nr = pread(regs->fd, bytes, sizeof(bytes), at)) > 0) {
		if (at > MAX_DUMP)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "QEMU dumps more than one page and the registers");
		if (pwrite(regs->copy, bytes, (size_t)nr, at) != nr)
			nr = -1;
		at += nr;
	}
	return nr ? scxray_fail(err, SCXRAY_ERR_IO, 0, "a memory file: %s", strerror(errno)) : 0;
}

static int read_text(struct monitor *monitor, struct scxray_live_vcpu *vcpus, size_t nr,
		     struct scxray_error *err)
{
	char *answer = NULL;
	size_t found;

	if (monitor_command(monitor, "info registers -a", &answer, err))
		return -1;
	found = regs_text_parse(answer, vcpus, nr);
	free(answer);
	return found ? 0 : scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "QEMU tells no registers");
}

int regs_read(struct regs *regs, struct monitor *monitor, uint64_t deadline_ns,
	      struct scxray_live_vcpu *vcpus, size_t nr, struct scxray_error *err)
{
	struct scxray_source *source;
	char path[32];

	memset(vcpus, 0, nr * sizeof(*vcpus));
	if (regs->text)
		return read_text(monitor, vcpus, nr, err);
	if (dump(regs, monitor, deadline_ns, err) || copy(regs, err))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", regs->copy);
	source = scxray_source_open(path, err);
	if (!source)
		return -1;
	for (size_t i = 0; i < nr && i < scxray_source_nr_vcpus(source); i++) {
		const struct scxray_regs *from = scxray_source_regs(source, i);

		vcpus[i].parked = from;
		if (from)
			vcpus[i].regs = *from;
	}
	scxray_source_close(source);
	return 0;
}
