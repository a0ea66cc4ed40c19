/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_host.h - the host's side of include/scxray/plugin.h
 */
#ifndef VMM_PLUGIN_HOST_H
#define VMM_PLUGIN_HOST_H

#include <scxray/plugin.h>

#include "machine.h"

struct plugin_options {
	const char *path;	     /* of the plugin; NULL: none */
	const char *const *settings; /* "key=value" texts, NULL at the end */
};

/*
 * Is there such a plugin, and does it know all keys of the settings?  `path` as it is where it has a slash, else one in
 * the working folder, else one that `make install` has put into LIBDIR/scxray.  0 (also without a plugin), or -1.
 */
int plugin_host_check(const struct plugin_options *options, struct scxray_error *err);

/*
 * Loads the plugin, and hands it the machine: RAM, vCPUs, descriptors.  Before the vCPUs'
 * threads start, or while they run.  Main thread.
 */
int plugin_host_load(struct machine *machine, const struct plugin_options *options,
		     struct scxray_error *err);

/* On a vCPU's thread, at its begin and at its end. */
void plugin_host_vcpu_start(struct vcpu *vcpu);
void plugin_host_vcpu_stop(struct vcpu *vcpu);

/* On a vCPU's thread, after each KVM_RUN: whether the exit was the plugin's own. */
bool plugin_host_vcpu_exit(struct vcpu *vcpu, int result);

/* What fires a snapshot that is no failure's: the user, and the time that is up. */
#define PLUGIN_ON_DEMAND "on demand"
#define PLUGIN_TIMEOUT "timeout of "

/* Main thread; does nothing without a plugin.  Says so where the snapshot failed. */
void plugin_host_trigger(struct machine *machine, enum scxray_plugin_moment moment,
			 const char *why);

/*
 * When the vCPUs' threads have gone: lets the plugin write, names the files on stderr, and
 * unloads it.  0; or -1 where it could not write what there was to write.  That a guest had
 * no kernel that could be found is the guest's affair.
 */
int plugin_host_finish(struct machine *machine);

/* Unloads it if it is there; it writes nothing. */
void plugin_host_discard(struct machine *machine);

/* Prints a plugin's settings and their defaults to stdout. */
int plugin_host_list_settings(const char *path, struct scxray_error *err);

#endif
