// SPDX-License-Identifier: BSD-2-Clause
/* Loads the BPF scheduler that is linked into this program, and shares its variables. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

/* scheduler.S */
extern const unsigned char scxfix_object[];
extern const unsigned char scxfix_object_end[];

static struct bpf_object *object;
static struct bpf_link *link_of_ops;
static volatile struct scxfix_state *state;
static volatile struct scxfix_exit *exit_record;

/* Keeps libbpf's first warning: it says why a load fails. */
static char first_warning[256];

static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list again;

	if (level != LIBBPF_WARN)
		return 0;
	va_copy(again, args);
	vfprintf(stderr, format, args);
	if (!first_warning[0]) {
		vsnprintf(first_warning, sizeof(first_warning), format, again);
		first_warning[strcspn(first_warning, "\n")] = '\0';
	}
	va_end(again);
	return 0;
}

static struct bpf_map *map_of(const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		die("the BPF object has no map %s", name);
	return map;
}

static struct bpf_map *section_map(const char *section)
{
	struct bpf_map *map;

	/*
	 * libbpf names these maps after the section; the kernel sees "OBJECT.section", cut to 15
	 * characters.
	 */
	bpf_object__for_each_map(map, object)
	{
		if (!strcmp(bpf_map__name(map), section))
			return map;
	}
	die("the BPF object has no section %s", section);
}

static void *share(const char *section, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(section_map(section)), 0);

	if (at == MAP_FAILED)
		die("mmap of %s: %s", section, strerror(errno));
	return at;
}

/* The head of the local struct sched_ext_ops (bpf/kernel.h), as far as init changes it. */
static void set_timeout(struct bpf_map *ops, unsigned int timeout_ms)
{
	const struct btf *btf = bpf_object__btf(object);
	int id = btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (unsigned int)id);
	size_t size = 0;
	char *image = bpf_map__initial_value(ops, &size);

	for (unsigned int i = 0; type && image && i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;
		size_t at = btf_member_bit_offset(type, i) / 8;

		if (!strcmp(btf__name_by_offset(btf, member->name_off), "timeout_ms") &&
		    at + sizeof(timeout_ms) <= size) {
			memcpy(image + at, &timeout_ms, sizeof(timeout_ms));
			return;
		}
	}
	die("timeout_ms is not in the BPF object's sched_ext_ops");
}

static void sign_on_crew(void)
{
	size_t count;
	const struct crew_member *members = crew_members(&count);
	int fd = bpf_map__fd(map_of("crew"));

	for (size_t i = 0; i < count; i++) {
		struct scxfix_member member = { .role = members[i].role,
						.index = members[i].index };
		__u32 pid = (__u32)members[i].pid;

		if (bpf_map_update_elem(fd, &pid, &member, BPF_ANY))
			die("map crew: %s", strerror(errno));
	}
}

void scheduler_attach(const struct options *options)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_opts, .object_name = "scxfix");
	struct scxfix_settings *settings;
	struct bpf_map *ops;
	size_t size = 0;

	libbpf_set_print(keep_warning);
	object = bpf_object__open_mem(scxfix_object, (size_t)(scxfix_object_end - scxfix_object),
				      &open_opts);
	if (!object)
		die("bpf_object__open_mem: %s", strerror(errno));
	settings = bpf_map__initial_value(section_map(".rodata.settings"), &size);
	if (!settings || size < sizeof(*settings))
		die(".rodata.settings can't be set");
	settings->mode = options->mode;
	settings->last_cpu = (int)machine_cpus() - 1;
	ops = map_of("scxfix_ops");
	set_timeout(ops, options->timeout_ms);

	if (bpf_object__load(object))
		die("the scheduler does not load: %s: %s", strerror(errno), first_warning);
	state = share(".data.state", sizeof(*state));
	exit_record = share(".data.exit_record", sizeof(*exit_record));
	sign_on_crew();
	link_of_ops = bpf_map__attach_struct_ops(ops);
	if (!link_of_ops)
		die("the scheduler does not attach: %s: %s", strerror(errno), first_warning);
	if (state->no_user_dsqs && (options->mode == MODE_STALL || options->mode == MODE_VTIME))
		die("mode %s needs DSQs, and this kernel's scx_bpf_create_dsq() can't be called",
		    options->mode_name);
}

void scheduler_start_failing(void)
{
	state->stalling = 1;
}

void scheduler_stop_failing(void)
{
	state->stalling = 0;
}

/* Out of the kernel with it and its maps; after its error exit it is only they that go. */
void scheduler_detach(void)
{
	bpf_link__destroy(link_of_ops);
	munmap((void *)state, sizeof(*state));
	munmap((void *)exit_record, sizeof(*exit_record));
	bpf_object__close(object);
	link_of_ops = NULL;
	object = NULL;
	state = NULL;
	exit_record = NULL;
}

void scheduler_set_error_at(uint64_t when)
{
	state->error_at_ns = when;
}

/* The kernel has seen the failure, though ops.exit() is still to come. */
bool scheduler_leaving(const void *unused)
{
	char state_now[32];

	(void)unused;
	if (text_read("/sys/kernel/sched_ext/state", state_now, sizeof(state_now)) < 0)
		die("/sys/kernel/sched_ext/state is unreadable");
	return strcmp(state_now, "enabled\n");
}

bool scheduler_exited(const void *unused)
{
	(void)unused;
	return exit_record->done;
}

const volatile struct scxfix_state *scheduler_state(void)
{
	return state;
}

const volatile struct scxfix_exit *scheduler_exit_record(void)
{
	return exit_record;
}

/* False while that victim does not wait for a CPU. */
bool scheduler_wait_of(unsigned int victim, struct scxfix_wait *wait)
{
	if (bpf_map_lookup_elem(bpf_map__fd(map_of("waits")), &victim, wait))
		die("map waits: %s", strerror(errno));
	return wait->pid;
}
