// SPDX-License-Identifier: BSD-2-Clause
/* Loads the BPF scheduler that is linked into this program, and shares its variables. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

/* scheduler.S */
extern const unsigned char scxfix_object[], scxfix_object_end[];
extern const unsigned char scxfix_arena_object[], scxfix_arena_object_end[];
extern const unsigned char scxsub_cpu_object[], scxsub_cpu_object_end[];
extern const unsigned char scxsub_cid_object[], scxsub_cid_object_end[];

/* A scheduler and its place: which object, in which cgroup, how patient. */
struct place {
	const char *name;
	const char *cgroup;  /* NULL: the root scheduler */
	unsigned int halves; /* of the timeout: each has a watchdog's time of its own */
	bool fails;
};

static const struct place alone[] = { { "scxfix", NULL, 2, true } };

static const struct place tree[] = {
	{ "scxfix", NULL, 4, false },
	{ "scxsub", "/crew", 2, true },
	{ "scxnest", "/crew/inner", 3, false },
};

#define MAX_PLACES ARRAY_SIZE(tree)
#define SWITCH_PARTIAL (1U << 3) /* SCX_OPS_SWITCH_PARTIAL */
#define MAX_TIMEOUT_MS 30000	 /* the kernel takes no more */

struct loaded {
	struct bpf_object *object;
	struct bpf_link *link;
	volatile struct scxfix_state *state;
	volatile struct scxfix_exit *exit_record;
	unsigned int timeout_ms;
};

static struct loaded loaded[MAX_PLACES];
static unsigned int nr_loaded;
static struct loaded *subject; /* the one that fails */
static enum scxfix_mode mode;

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

static struct bpf_map *map_of(const struct loaded *it, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(it->object, name);

	if (!map)
		die("the BPF object has no map %s", name);
	return map;
}

static struct bpf_map *section_map(const struct loaded *it, const char *section)
{
	struct bpf_map *map;

	/*
	 * libbpf names these maps after the section; the kernel sees "OBJECT.section", cut to 15
	 * characters.
	 */
	bpf_object__for_each_map(map, it->object)
	{
		if (!strcmp(bpf_map__name(map), section))
			return map;
	}
	die("the BPF object has no section %s", section);
}

static void *share(const struct loaded *it, const char *section, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(section_map(it, section)), 0);

	if (at == MAP_FAILED)
		die("mmap of %s: %s", section, strerror(errno));
	return at;
}

/* A member of the local struct sched_ext_ops (bpf/kernel.h), or of its cid form. */
static void set_member(const struct loaded *it, struct bpf_map *ops, const char *name,
		       const void *value, size_t value_size)
{
	const struct btf *btf = bpf_object__btf(it->object);
	const struct btf_type *type = btf__type_by_id(btf, bpf_map__btf_value_type_id(ops));
	size_t size = 0;
	char *image = bpf_map__initial_value(ops, &size);

	for (unsigned int i = 0; type && image && i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;
		size_t at = btf_member_bit_offset(type, i) / 8;

		if (!strcmp(btf__name_by_offset(btf, member->name_off), name) &&
		    at + value_size <= size) {
			memcpy(image + at, value, value_size);
			return;
		}
	}
	die("%s is not in the BPF object's %s", name, bpf_map__name(ops));
}

static void sign_on_crew(const struct loaded *it)
{
	size_t count;
	const struct crew_member *members = crew_members(&count);
	int fd = bpf_map__fd(map_of(it, "crew"));

	for (size_t i = 0; i < count; i++) {
		struct scxfix_member member = { .role = members[i].role,
						.index = members[i].index };
		__u32 key = PID_KEY(mode, members[i].pid);

		if (bpf_map_update_elem(fd, &key, &member, BPF_ANY))
			die("map crew: %s", strerror(errno));
	}
}

/* 7.1 has sub-schedulers in the CPU form, later kernels in the cid form alone. */
static bool takes_cids(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && btf__find_by_name_kind(btf, "sched_ext_ops_cid", BTF_KIND_STRUCT) > 0;

	btf__free(btf);
	return has;
}

static void open_object(struct loaded *it, const struct place *place)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = place->name);
	const unsigned char *start = scxfix_object, *end = scxfix_object_end;

	if (mode == MODE_SUB && takes_cids()) {
		start = scxsub_cid_object;
		end = scxsub_cid_object_end;
	} else if (mode == MODE_SUB) {
		start = scxsub_cpu_object;
		end = scxsub_cpu_object_end;
	}
	if (mode == MODE_THROTTLED) {
		start = scxfix_arena_object;
		end = scxfix_arena_object_end;
	}
	it->object = bpf_object__open_mem(start, (size_t)(end - start), &opts);
	if (!it->object)
		die("bpf_object__open_mem: %s", strerror(errno));
}

/* Maps that one mode needs are made in that mode only. */
static void leave_out_maps(const struct loaded *it)
{
	static const char *const asking[] = { "asks", "answers" };
	struct bpf_map *map;

	for (size_t i = 0; i < ARRAY_SIZE(asking); i++) {
		map = bpf_object__find_map_by_name(it->object, asking[i]);
		if (map && mode != MODE_USERSTOP && bpf_map__set_autocreate(map, false))
			die("map %s: %s", asking[i], strerror(errno));
	}
}

static void attach(struct loaded *it, const struct place *place, unsigned int timeout_ms)
{
	struct scxfix_settings *settings;
	struct bpf_map *ops;
	size_t size = 0;

	open_object(it, place);
	settings = bpf_map__initial_value(section_map(it, ".rodata.settings"), &size);
	if (!settings || size < sizeof(*settings))
		die(".rodata.settings can't be set");
	settings->mode = mode;
	settings->last_cpu = (int)machine_cpus() - 1;
	ops = map_of(it, mode == MODE_SUB ? "scxsub_ops" : "scxfix_ops");
	it->timeout_ms = timeout_ms * place->halves / 2;
	if (it->timeout_ms > MAX_TIMEOUT_MS)
		it->timeout_ms = MAX_TIMEOUT_MS;
	set_member(it, ops, "timeout_ms", &it->timeout_ms, sizeof(it->timeout_ms));
	set_member(it, ops, "name", place->name, strlen(place->name) + 1);
	if (mode_of(mode)->partial) {
		const __u64 flags = SWITCH_PARTIAL;

		set_member(it, ops, "flags", &flags, sizeof(flags));
	}
	if (place->cgroup) {
		__u64 id = cgroups_id(place->cgroup);

		set_member(it, ops, "sub_cgroup_id", &id, sizeof(id));
	}
	leave_out_maps(it);
	if (bpf_object__load(it->object))
		die("%s does not load: %s: %s", place->name, strerror(errno), first_warning);
	it->state = share(it, ".data.state", sizeof(*it->state));
	it->exit_record = share(it, ".data.exit_record", sizeof(*it->exit_record));
	sign_on_crew(it);
	if (mode == MODE_USERSTOP)
		agent_start(bpf_map__fd(map_of(it, "asks")), bpf_map__fd(map_of(it, "answers")));
	it->link = bpf_map__attach_struct_ops(ops);
	if (!it->link)
		die("%s does not attach: %s: %s", place->name, strerror(errno), first_warning);
	/* The kernel may take it and throw it out at once. */
	if (it->exit_record->done && mode != MODE_INITFAIL)
		die("%s was thrown out as it came: %s", place->name,
		    (const char *)it->exit_record->msg);
}

void scheduler_attach(const struct options *options)
{
	const struct place *places = options->mode == MODE_SUB ? tree : alone;
	unsigned int nr = options->mode == MODE_SUB ? ARRAY_SIZE(tree) : ARRAY_SIZE(alone);

	libbpf_set_print(keep_warning);
	mode = options->mode;
	for (nr_loaded = 0; nr_loaded < nr; nr_loaded++) {
		attach(&loaded[nr_loaded], &places[nr_loaded], options->timeout_ms);
		if (places[nr_loaded].fails)
			subject = &loaded[nr_loaded];
	}
	if (subject->state->no_user_dsqs && mode_of(mode)->dsqs)
		die("mode %s needs DSQs, and this kernel's scx_bpf_create_dsq() can't be called",
		    mode_of(mode)->name);
}

/* Ids of its programs and maps, as bpf() gives them. */
static void put_ids(FILE *out, const struct loaded *it)
{
	const char *comma = "";
	struct bpf_program *prog;
	struct bpf_map *map;

	fputs(" progs=", out);
	bpf_object__for_each_program(prog, it->object)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			die("%s: %s", bpf_program__name(prog), strerror(errno));
		fprintf(out, "%s%u", comma, info.id);
		comma = ",";
	}
	comma = "";
	fputs(" maps=", out);
	bpf_object__for_each_map(map, it->object)
	{
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);

		if (!bpf_map__autocreate(map))
			continue;
		if (bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &size))
			die("%s: %s", bpf_map__name(map), strerror(errno));
		fprintf(out, "%s%u", comma, info.id);
		comma = ",";
	}
}

void scheduler_describe(FILE *out)
{
	const struct place *places = mode == MODE_SUB ? tree : alone;

	for (unsigned int i = 0; i < nr_loaded; i++) {
		const char *cgroup = places[i].cgroup;

		fprintf(out, "sched name=%s cgroup=%s cgroup_id=%llu timeout_ms=%u", places[i].name,
			cgroup ? cgroup : "/",
			(unsigned long long)(cgroup ? cgroups_id(cgroup) : 0),
			loaded[i].timeout_ms);
		put_ids(out, &loaded[i]);
		fputc('\n', out);
	}
}

unsigned int scheduler_count(void)
{
	return nr_loaded;
}

void scheduler_set_failing(bool on)
{
	subject->state->stalling = on;
}

/* Out of the kernel with them and their maps; after an error exit it is only those that go. */
void scheduler_detach(void)
{
	while (nr_loaded) {
		struct loaded *it = &loaded[--nr_loaded];

		bpf_link__destroy(it->link);
		munmap((void *)it->state, sizeof(*it->state));
		munmap((void *)it->exit_record, sizeof(*it->exit_record));
		bpf_object__close(it->object);
		*it = (struct loaded){ 0 };
	}
	subject = NULL;
}

void scheduler_set_error_at(uint64_t when)
{
	subject->state->error_at_ns = when;
}

void scheduler_forget(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0 || bpf_map_delete_elem(bpf_map__fd(map_of(subject, "task_ctxs")), &fd))
		die("map task_ctxs: %s", strerror(errno));
	close(fd);
}

/* The kernel has seen the failure, though ops.exit() is still to come. */
bool scheduler_leaving(const void *unused)
{
	char state_now[32];

	(void)unused;
	/* the root stays where a sub-scheduler goes */
	if (mode == MODE_SUB)
		return subject->exit_record->done;
	if (text_read("/sys/kernel/sched_ext/state", state_now, sizeof(state_now)) < 0)
		die("/sys/kernel/sched_ext/state is unreadable");
	return strcmp(state_now, "enabled\n");
}

bool scheduler_exited(const void *unused)
{
	(void)unused;
	return subject->exit_record->done;
}

const volatile struct scxfix_state *scheduler_state(void)
{
	return subject->state;
}

const volatile struct scxfix_exit *scheduler_exit_record(void)
{
	return subject->exit_record;
}

/* False while that victim does not wait for a CPU. */
bool scheduler_wait_of(unsigned int victim, struct scxfix_wait *wait)
{
	if (bpf_map_lookup_elem(bpf_map__fd(map_of(subject, "waits")), &victim, wait))
		die("map waits: %s", strerror(errno));
	return wait->key;
}

/* The victim that has waited longest of those that wait now; false while none does. */
bool scheduler_first_wait(struct scxfix_wait *first)
{
	struct scxfix_wait wait;
	bool any = false;

	for (unsigned int i = 0; i < MAX_VICTIMS; i++) {
		if (!scheduler_wait_of(i, &wait) || (any && wait.since_ns >= first->since_ns))
			continue;
		*first = wait;
		any = true;
	}
	return any;
}

unsigned int scheduler_pid_of(const struct scxfix_wait *wait)
{
	return PID_KEY(mode, wait->key);
}
