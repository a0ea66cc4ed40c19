/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - scxray-vmm: a machine from the command line, until the guest ends
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "loop.h"
#include "message.h"
#include "options.h"
#include "restore.h"
#include "terminal.h"

static int load_plugin(struct machine *machine, const struct options *o, struct scxray_error *err)
{
	if (!o->plugin.path || o->plugin_on_failure)
		return 0;
	return plugin_host_load(machine, &o->plugin, err);
}

/* The plugin comes before the kernel: what is wrong with its settings is said at once. */
static int fill_machine(struct machine *machine, const struct options *o, struct scxray_error *err)
{
	machine->verbose = o->verbose;
	if (o->restore && vm_restore(machine, o->restore, o->model, err))
		return -1;
	if (o->restore)
		return load_plugin(machine, o, err);
	machine->nr_nodes = o->nodes;
	if (memory_add_bytes(machine, o->memory, err) || vcpus_create(machine, o->cpus, err) ||
	    cpuid_set(machine, o->model, err) || load_plugin(machine, o, err))
		return -1;
	return boot_load(machine, &o->boot, err);
}

/* How it ended, said and as a status. */
static int ended(const struct machine *machine, const struct loop *loop, bool written)
{
	static const int statuses[] = {
		[END_NOT_YET] = STATUS_FAILED,	[END_SHUTDOWN] = STATUS_SHUTDOWN,
		[END_RESET] = STATUS_RESET,	[END_FAILED] = STATUS_FAILED,
		[END_TIMEOUT] = STATUS_TIMEOUT, [END_SIGNAL] = STATUS_SIGNAL,
	};
	int status = statuses[machine->end];

	if (status != STATUS_SHUTDOWN)
		message_print("%s", machine->end_text);
	if (!written)
		return STATUS_NOT_WRITTEN;
	if (status == STATUS_SIGNAL)
		return STATUS_SIGNAL + loop->signal;
	if (status == STATUS_SHUTDOWN && (loop->console.lost || loop->data.lost))
		return STATUS_FAILED;
	return machine->scheduler_failed && status != STATUS_FAILED ? STATUS_SCHEDULER : status;
}

static int run(struct options *options)
{
	struct machine *machine;
	struct scxray_error err;
	struct loop loop;
	bool written;
	int status;

	machine = plugin_host_check(&options->plugin, &err) ? NULL : machine_create(&err);
	if (!machine) {
		message_print("%s", err.text);
		return STATUS_FAILED;
	}
	if (fill_machine(machine, options, &err) || loop_open(&loop, machine, options, &err)) {
		message_print("%s", err.text);
		plugin_host_discard(machine);
		machine_destroy(machine);
		return STATUS_FAILED;
	}
	terminal_hand_over();
	if (vcpus_start(machine, &err))
		machine_end(machine, END_FAILED, "%s", err.text);
	else
		loop_run(&loop);
	vcpus_stop(machine);
	loop_close(&loop);
	terminal_restore();
	written = !plugin_host_finish(machine);
	status = ended(machine, &loop, written);
	machine_destroy(machine);
	return status;
}

static int list_settings(const char *path)
{
	struct scxray_error err;

	if (!plugin_host_list_settings(path, &err))
		return STATUS_SHUTDOWN;
	message_print("%s", err.text);
	return STATUS_FAILED;
}

/* Where one of them is closed, what is opened next must not take its place. */
static void open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	open_standard_files();
	status = options_parse(&options, argc, argv);

	if (status)
		return status;
	switch (options.action) {
	case DO_RUN:
		return run(&options);
	case DO_LIST_SETTINGS:
		status = list_settings(options.plugin.path);
		break;
	case DO_VERSION:
		puts("scxray-vmm " SCXRAY_VERSION);
		break;
	case DO_HELP:
		fputs(options_help, stdout);
		break;
	}
	if (fflush(stdout)) {
		message_print("stdout: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return status;
}
