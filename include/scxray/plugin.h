/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.h - the ABI between a KVM virtual machine monitor and scxray-plugin.so
 *
 * The host loads the plugin with dlopen and looks up the one symbol that it
 * exports, scxray_plugin_init.  It hands over the VM (RAM, file descriptors,
 * vCPUs, settings) and gets back a table of calls.  The plugin needs no symbol of
 * the host and no other header than this one.
 *
 *	void *so = dlopen("scxray-plugin.so", RTLD_NOW | RTLD_LOCAL);
 *	void *symbol = dlsym(so, SCXRAY_PLUGIN_INIT);
 *	scxray_plugin_init_fn *init;
 *	struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };
 *
 *	memcpy(&init, &symbol, sizeof(init));	(ISO C has no cast for it; C++ has reinterpret_cast)
 *	if (init(&host, &plugin) == 0) {
 *		... on each vCPU's thread:
 *		plugin.vcpu_start(plugin.self, i);
 *		while (running) {
 *			int result = ioctl(vcpu_fd, KVM_RUN, 0) ? -errno : 0;
 *
 *			if (plugin.vcpu_exit(plugin.self, i, result) == SCXRAY_VCPU_HANDLE)
 *				handle the exit;
 *		}
 *		plugin.vcpu_stop(plugin.self, i);
 *		... when the VM has ended:
 *		plugin.finish(plugin.self, &result);
 *		plugin.unload(plugin.self);
 *		dlclose(so);
 *	}
 *
 * Compatibility: every struct begins with its size as the side that fills it knows
 * it (arrays of structs have their element's size in the member after them), members are
 * only ever added at the end, and the side that reads a struct treats what is after its
 * size as zero.  So a plugin loads in an older host and in a newer one.
 *
 * Text that crosses is UTF-8 and NUL-terminated.  docs/embedding.md shows a
 * whole host.
 */
#ifndef SCXRAY_PLUGIN_H
#define SCXRAY_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised only when an old host could no longer work with a new plugin. */
#define SCXRAY_PLUGIN_API_VERSION 1

/* The name of the exported symbol. */
#define SCXRAY_PLUGIN_INIT "scxray_plugin_init"

/* ---- what the host gives --------------------------------------------------- */

/*
 * A range of guest RAM, as in a KVM memory slot.  The mapping must stay valid and
 * readable until remove_region() or unload(); the plugin only reads.  No two may overlap.
 */
struct scxray_plugin_region {
	uint64_t gpa;	  /* guest physical address, page aligned */
	uint64_t size;	  /* bytes */
	const void *host; /* where the host has it mapped */
};

/* A vCPU; its index is its place in the array. */
struct scxray_plugin_vcpu {
	int32_t fd;  /* from KVM_CREATE_VCPU; open until unload() */
	int32_t tid; /* gettid() of the thread that calls KVM_RUN; 0: vcpu_start() will come */
	void *run;   /* its mmap'd struct kvm_run, mapped until unload() */
};

enum scxray_plugin_level {
	SCXRAY_LOG_ERROR,
	SCXRAY_LOG_WARNING,
	SCXRAY_LOG_INFO,
	SCXRAY_LOG_DEBUG,
};

struct scxray_plugin_result;

struct scxray_plugin_host {
	uint32_t struct_size; /* sizeof(struct scxray_plugin_host) */
	uint32_t api_version; /* SCXRAY_PLUGIN_API_VERSION */

	void *context; /* handed back in each callback */

	int32_t vm_fd; /* from KVM_CREATE_VM; open until unload() */

	/* The signal, with a handler that need not do anything and without SA_RESTART, that
	 * makes KVM_RUN return EINTR; no vCPU thread may block it.  0: the plugin takes the first
	 * real-time signal from SIGRTMAX down whose action is still the default, and installs such
	 * a handler; where the host later installs one of its own for it, the plugin takes the
	 * next, and says so in the log. */
	int32_t kick_signal;

	/* Both arrays are copied by init. */
	const struct scxray_plugin_region *regions;
	uint32_t nr_regions;
	uint32_t region_size; /* sizeof(struct scxray_plugin_region) */
	const struct scxray_plugin_vcpu *vcpus;
	uint32_t nr_vcpus;
	uint32_t vcpu_size; /* sizeof(struct scxray_plugin_vcpu) */

	/* "key=value" texts, NULL at the end; NULL for none.  Copied by init.  Which keys
	 * there are: setting() below. */
	const char *const *settings;

	/*
	 * A line for the host's log, without a newline.  May be NULL: stderr.  Called on any
	 * thread of the plugin and on the thread of any call below, never while the guest is
	 * frozen, never with a lock of the plugin held.  `line` is the plugin's, valid during the call.
	 */
	void (*log)(void *context, enum scxray_plugin_level level, const char *line);

	/*
	 * Optional, both or none: stop devices from writing to guest RAM, and let them go on.
	 * Called on a thread of the plugin, before the first vCPU is asked to park and after
	 * the last was let go.  pause_devices() returns 0, or else a negative errno: the
	 * freeze goes on without, and the report says so.  They must not wait for a vCPU.
	 */
	int32_t (*pause_devices)(void *context);
	void (*resume_devices)(void *context);

	/*
	 * Optional, each on its own: what a host wants to know at once, on a thread of the plugin.
	 * They may block (the guest runs meanwhile) and must not call the plugin.
	 *
	 * failure_captured(): all that the report of a failure will say is copied, and the guest runs
	 * again: the host may end it now.  RAM and descriptors stay until unload() all the same.
	 * `why` is what fired.  Also after a late trigger of the host's, before trigger() returns.
	 *
	 * report_complete(): the report of that failure is on disk, or it never will be.  *report is
	 * the plugin's, valid during the call: `status` and `message` of this one report, the paths of
	 * its files, its first finding.  An early half that stays alone has no call: finish() has
	 * its paths.
	 */
	void (*failure_captured)(void *context, const char *why);
	void (*report_complete)(void *context, const struct scxray_plugin_result *report);
};

/* ---- what the plugin gives ------------------------------------------------- */

/* What vcpu_exit() tells the host to do. */
enum scxray_plugin_vcpu_action {
	SCXRAY_VCPU_HANDLE = 0,	  /* handle this exit as without a plugin, then go on */
	SCXRAY_VCPU_CONSUMED = 1, /* the exit was the plugin's own: call KVM_RUN again */
};

/* Which half of the report a trigger asks for. */
enum scxray_plugin_moment {
	SCXRAY_MOMENT_EARLY = 1, /* half-way: kept inside the plugin until its late half comes */
	SCXRAY_MOMENT_LATE = 2,	 /* the failure: writes the report */
};

/* The state that finish() reports, and the status of trigger(). */
enum scxray_plugin_status {
	SCXRAY_STATUS_OK = 0,	      /* trigger: captured.  finish: all files are complete */
	SCXRAY_STATUS_NO_FAILURE = 1, /* finish: nothing failed, there is no file */
	SCXRAY_STATUS_DEGRADED = 2,   /* vCPUs did not park: a degraded report */
	SCXRAY_STATUS_WRITE_FAILED =
		-1, /* a file could not be written: `message` says which and why */
	SCXRAY_STATUS_NO_KERNEL = -2, /* no kernel was found in guest memory, not even racily */
	SCXRAY_STATUS_BUSY = -3,      /* trigger: this half was taken already; see there */
	SCXRAY_STATUS_INVALID = -4,   /* wrong parameters, or a call after finish() */
	SCXRAY_STATUS_NO_MEMORY = -5,
	SCXRAY_STATUS_LOST =
		-6, /* a report could not be made of what was recorded: see `message` */
};

struct scxray_plugin_result {
	uint32_t struct_size;	  /* set by the host: sizeof(struct scxray_plugin_result) */
	int32_t status;		  /* enum scxray_plugin_status */
	const char *message;	  /* one line, or NULL; the plugin's, until unload() */
	const char *const *paths; /* files written, complete; the plugin's, until unload() */
	uint32_t nr_paths;
	/* What the report says first, one line of printable UTF-8; of several reports the first
	 * failure's.  NULL: there is no report, or it has no finding. */
	const char *first_finding; /* the plugin's, until unload() */
};

/* One setting, as setting() describes it. */
struct scxray_plugin_setting {
	uint32_t struct_size; /* set by the host */
	const char *key;      /* all three are static text */
	const char *value;    /* its default; "" if it has none */
	const char *help;     /* one line, with the unit and what is allowed */
};

struct scxray_plugin {
	uint32_t struct_size; /* set by the host: what it has room for; the plugin fills no more */
	uint32_t api_version; /* set by the plugin */
	const char *version;  /* of scxray, static text */

	void *self; /* the plugin's, handed in with each call; NULL if init had no host */

	/*
	 * The vCPU's thread will call KVM_RUN from now on.  On that thread, before its first
	 * KVM_RUN.  Blocks at most until a freeze that is under way has ended.  A host that
	 * loads the plugin while its vCPUs run gives their `tid` in the array instead.
	 */
	void (*vcpu_start)(void *self, uint32_t index);

	/*
	 * After every return of KVM_RUN, on that vCPU's thread, before the host looks at the
	 * exit and without a lock held that another vCPU's thread wants.  `result` is 0 or
	 * -errno (-EINTR, -EAGAIN, ...).  Also after a signal has ended another wait of
	 * this thread (a host that waits out HLT by itself): with -EINTR.
	 *
	 * KVM leaves kvm_run->exit_reason as it was when immediate_exit ended KVM_RUN: with -EINTR
	 * it is set to KVM_EXIT_INTR in here, so that a host that looks at nothing else does not
	 * handle the exit before a second time.
	 *
	 * Blocks while the guest is frozen (park_deadline_ms and capture_deadline_ms bound
	 * that), else takes well below a microsecond.  A pending port or memory access is finished
	 * before: the plugin lets the host handle the exit as always, and parks the vCPU when
	 * KVM_RUN has returned once more.  For that the host must leave
	 * kvm_run->immediate_exit alone while its vCPU runs, or only set it.  It is cleared in here
	 * and nowhere else: a host that wants its vCPU to leave sets a flag of its own first, then
	 * immediate_exit, then kicks; and looks at that flag between this call and KVM_RUN.
	 * A host that waits out HLT blocks all signals, does not wait if immediate_exit is set, and
	 * else lets ppoll() unblock them: so no kick is lost.
	 * May be called after finish(), and returns SCXRAY_VCPU_HANDLE then.
	 * Returns enum scxray_plugin_vcpu_action.
	 */
	int32_t (*vcpu_exit)(void *self, uint32_t index, int32_t result);

	/*
	 * The vCPU's thread calls KVM_RUN no more (the guest has shut down, or the VM is being
	 * torn down).  On that thread.  Freezes no longer wait for this vCPU: its registers are
	 * taken now, if they can be.  vcpu_start() may follow again.
	 */
	void (*vcpu_stop)(void *self, uint32_t index);

	/*
	 * A snapshot now.  On any thread; on a vCPU's only before its vcpu_start() or after its
	 * vcpu_stop(): a VMM of one thread stops its vCPU for it.  From cold it also finds the
	 * kernel first, while the guest runs.  Blocks until the guest runs again: the time to
	 * find the kernel if it is not found yet (tens of milliseconds), park_deadline_ms and
	 * capture_deadline_ms at most.  Decoding and writing go on after it.
	 * A late trigger that follows none of the early ones makes a report without an early half.
	 * `why` is quoted in the report as what fired it; NULL: "on demand".
	 * SCXRAY_STATUS_BUSY: each scheduler (and a guest that runs none) has one early half,
	 * one late half on demand, and one when it fails; after a late half there is no early one, and after
	 * that of its failure no further one.  The next scheduler's late half makes a report of its
	 * own (NAME.scxray.2), up to max_reports.
	 * Not at the same time as finish().
	 * Returns enum scxray_plugin_status.
	 */
	int32_t (*trigger)(void *self, enum scxray_plugin_moment moment, const char *why);

	/*
	 * The VM has ended, or the host wants its report: waits until a freeze under way has
	 * ended, writes what there is to write, and fills *result.  The files of a failure are
	 * complete without it.  On a thread as trigger(), once.  RAM and file descriptors must still be
	 * there; vCPU threads may run on or have gone.  Blocks for as long as writing takes.
	 * Returns result->status.
	 */
	int32_t (*finish)(void *self, struct scxray_plugin_result *result);

	/*
	 * Frees everything.  After finish(), or instead of it (nothing more is written then).
	 * No other call may run or follow.  Afterwards RAM, descriptors and the plugin's
	 * file may go.
	 */
	void (*unload)(void *self);

	/*
	 * Describes the settings: fills *setting for index 0, 1, ... and returns 0, or -1 after
	 * the last.  Any thread; needs no VM (self may be NULL).
	 */
	int32_t (*setting)(void *self, uint32_t index, struct scxray_plugin_setting *setting);

	/*
	 * Guest RAM has come (memory that is hot-plugged), in the form of host.regions; copied.
	 * `region_size` is sizeof(struct scxray_plugin_region).
	 * On a thread as trigger(), not at the same time as finish().  Blocks for a look at the
	 * guest, and until a freeze under way has ended; the kernel is found anew afterwards.
	 * Returns SCXRAY_STATUS_OK; or SCXRAY_STATUS_INVALID (overlapping, unaligned, after finish())
	 * or SCXRAY_STATUS_NO_MEMORY, with the reason in the host's log.
	 */
	int32_t (*add_region)(void *self, const struct scxray_plugin_region *region,
			      uint32_t region_size);

	/*
	 * The region that begins at `gpa`, as it was given, is about to go: when the call has
	 * returned, the plugin reads it no more, and it may be unmapped.  Otherwise as add_region().
	 */
	int32_t (*remove_region)(void *self, uint64_t gpa);
};

/*
 * Fills *plugin and starts to watch.  Returns 0, or -1 after a line in the host's
 * log (on stderr if there is none) that says what is wrong: another api_version, an unknown
 * setting, overlapping regions.  `host` and what it points to may go after the call,
 * apart from what is said to stay.  host == NULL: nothing is watched and self is NULL;
 * for setting() and `version` alone.
 *
 * The plugin starts one thread, from the first report on a second one that writes, both with all
 * signals blocked, and for each report a process (setting isolate).  It calls no KVM_RUN, changes no
 * memory of the guest, and has at most one VM per call of init.
 */
typedef int32_t scxray_plugin_init_fn(const struct scxray_plugin_host *host,
				      struct scxray_plugin *plugin);

scxray_plugin_init_fn scxray_plugin_init;

#ifdef __cplusplus
}
#endif
#endif
