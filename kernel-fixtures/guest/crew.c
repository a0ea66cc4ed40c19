// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tasks that the scheduler works on. They differ in weight (nice) and in the CPUs they may use,
 * so that a reader of the image can be held to each figure.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#define HOG_PRIORITY 10
#define SCHED_DEADLINE_POLICY 6
#define SCHED_EXT_POLICY 7
#define MAX_HOGS 8
#define HOG_PERIOD_NS (100 * NSEC_PER_MSEC)

/* Which CPUs a task may use; "last" is the hog's. */
enum places {
	ALL_CPUS,
	FIRST_CPU,
	LAST_CPU,
	FIRST_TWO
};

static void dozer(void);
static void spinner(void);
static void sleeper(void);
static void hog(void);
static void leashed(void);

static const struct {
	const char *comm;
	enum scxfix_role role;
	int nice;
	enum places places;
	void (*live)(void);
} plan[] = {
	{ "victim0", ROLE_VICTIM, 0, ALL_CPUS, dozer },
	{ "victim1", ROLE_VICTIM, -5, FIRST_CPU, dozer },
	{ "victim2", ROLE_VICTIM, 5, FIRST_TWO, dozer },
	{ "victim3", ROLE_VICTIM, 10, LAST_CPU, dozer },
	{ "busy0", ROLE_BUSY, 0, ALL_CPUS, spinner },
	{ "busy1", ROLE_BUSY, 3, ALL_CPUS, spinner },
	{ "sleeper0", ROLE_SLEEPER, 0, FIRST_CPU, dozer },
	{ "sleeper1", ROLE_SLEEPER, 19, ALL_CPUS, dozer },
	{ "sleeper2", ROLE_SLEEPER, -10, ALL_CPUS, sleeper },
};

/*
 * What makes schedulers fail that others wrote (other.c). Simple goes by vtime: `light` waits for as long
 * as the heavy ones need to catch up with one slice of its. So does flatcg with cgroups: /crew/inner
 * waits for the crowd (cgroups.c). Both have more of them than CPUs, so that some always wait. Pair lets
 * no task run on the other CPU of two while a hog has taken one of them from a task of its; so busy
 * ones of either cgroup are there, or else the hog might find the CPU idle.
 */
static const struct {
	const char *program;
	const char *comm;
	int nice;
	enum places places;
	void (*live)(void);
} strangers[] = {
	{ "scx_simple", "light", 19, ALL_CPUS, leashed },
	{ "scx_simple", "heavy0", -20, ALL_CPUS, leashed },
	{ "scx_simple", "heavy1", -20, ALL_CPUS, leashed },
	{ "scx_simple", "heavy2", -20, ALL_CPUS, leashed },
	{ "scx_simple", "heavy3", -20, ALL_CPUS, leashed },
	{ "scx_simple", "heavy4", -20, ALL_CPUS, leashed },
	{ "scx_flatcg", "crowd0", 0, ALL_CPUS, leashed },
	{ "scx_flatcg", "crowd1", 0, ALL_CPUS, leashed },
	{ "scx_flatcg", "crowd2", 0, ALL_CPUS, leashed },
	{ "scx_flatcg", "crowd3", 0, ALL_CPUS, leashed },
	{ "scx_flatcg", "crowd4", 0, ALL_CPUS, leashed },
	{ "scx_cpu0", "hog", 0, FIRST_CPU, hog },
	{ "scx_sdt", "hog", 0, LAST_CPU, hog },
	{ "scx_pair", "hog", 0, LAST_CPU, hog },
	{ "scx_pair", "busy2", 0, ALL_CPUS, spinner },
	{ "scx_pair", "busy3", 0, ALL_CPUS, spinner },
};

static struct crew_member members[MAX_CREW];
static size_t nr_members;
static unsigned int nr_by_role[ROLE_KEEPER + 1];
static int leash[2];
static pid_t hog_pids[MAX_HOGS];
static size_t nr_hogs;
static enum scxfix_mode mode;

/* Works a little, sleeps a little. */
static void dozer(void)
{
	for (;;) {
		for (volatile unsigned int i = 0; i < 10000; i++)
			;
		usleep(20000);
	}
}

static void spinner(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

/* Blocked for good, so never runnable. */
static void sleeper(void)
{
	for (;;)
		pause();
}

/* glibc 2.36 has no name for it */
struct dl_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static void leashed(void)
{
	char go;

	if (read(leash[0], &go, 1) != 1)
		die("the leash broke: %s", strerror(errno));
	spinner();
}

/* Of its class from the first, so that it takes the CPU from whoever runs there. */
static void hog(void)
{
	struct sched_param param = { .sched_priority = HOG_PRIORITY };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("hog: sched_setscheduler: %s", strerror(errno));
	leashed();
}

/* All but the hogs, where a scheduler takes those only that ask for it. */
static void ask_for_ext(const char *comm)
{
	struct sched_param param = { 0 };

	if (sched_setscheduler(0, SCHED_EXT_POLICY, &param))
		die("%s: SCHED_EXT: %s", comm, strerror(errno));
}

static void settle(enum places places)
{
	unsigned int cpus = machine_cpus();
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		if (places == ALL_CPUS || (places == FIRST_CPU && cpu == 0) ||
		    (places == LAST_CPU && cpu == cpus - 1) || (places == FIRST_TWO && cpu < 2))
			CPU_SET(cpu, &set);
	}
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity: %s", strerror(errno));
}

static void add(const char *comm, enum scxfix_role role, int nice, enum places places,
		void (*live)(void))
{
	struct crew_member *member = &members[nr_members];
	int ready[2];
	char byte;

	if (nr_members == MAX_CREW || pipe(ready))
		die("%s: no room in the crew", comm);
	member->pid = fork();
	if (member->pid < 0)
		die("fork: %s", strerror(errno));
	if (!member->pid) {
		prctl(PR_SET_NAME, comm);
		if (setpriority(PRIO_PROCESS, 0, nice))
			die("%s: setpriority: %s", comm, strerror(errno));
		settle(places);
		if (mode_of(mode)->partial && live != leashed)
			ask_for_ext(comm);
		if (write(ready[1], "", 1) != 1)
			die("%s: %s", comm, strerror(errno));
		close(ready[0]);
		close(ready[1]);
		live();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("%s did not come to life", comm);
	close(ready[0]);
	member->role = role;
	member->index = nr_by_role[role]++;
	snprintf(member->comm, sizeof(member->comm), "%s", comm);
	nr_members++;
}

/*
 * The tail of a priority DSQ starves only while there is always somebody before it. A CPU keeps up
 * to two busy tasks off the DSQ, one on its local DSQ and one that it is about to put back, so
 * there are two for each CPU and one more.
 */
static void add_busies(unsigned int count)
{
	char comm[16];

	while (nr_by_role[ROLE_BUSY] < count) {
		snprintf(comm, sizeof(comm), "busy%u", nr_by_role[ROLE_BUSY]);
		add(comm, ROLE_BUSY, (int)nr_by_role[ROLE_BUSY] % 5, ALL_CPUS, spinner);
	}
}

static void add_hog(const char *comm, int nice, enum places places, void (*live)(void))
{
	add(comm, ROLE_OTHER, nice, places, live);
	hog_pids[nr_hogs++] = members[nr_members - 1].pid;
}

/* Where kernel threads are the victims, those of the crew are not. */
static void add_victim(size_t at)
{
	enum places places = mode_of(mode)->bound ? LAST_CPU : plan[at].places;
	char comm[16];

	snprintf(comm, sizeof(comm), "%s%zu", mode_of(mode)->recruits ? "dozer" : "victim", at);
	add(comm, mode_of(mode)->recruits ? ROLE_SLEEPER : ROLE_VICTIM, plan[at].nice, places,
	    plan[at].live);
}

static void add_strangers(const struct options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		if (options_program_is(options, strangers[i].program))
			add_hog(strangers[i].comm, strangers[i].nice, strangers[i].places,
				strangers[i].live);
	}
}

void crew_start(const struct options *options)
{
	mode = options->mode;
	if (pipe(leash))
		die("pipe: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++) {
		if (plan[i].role == ROLE_VICTIM)
			add_victim(i);
		else
			add(plan[i].comm, plan[i].role, plan[i].nice, plan[i].places, plan[i].live);
	}
	if (mode == MODE_VTIME)
		add_busies(2 * machine_cpus() + 1);
	if (mode == MODE_SLICEINF)
		add("keeper", ROLE_KEEPER, 0, LAST_CPU, spinner);
	if (mode_of(mode)->hog)
		add_hog("hog", 0, LAST_CPU, mode == MODE_HOG ? hog : leashed);
	if (mode == MODE_PARTIAL)
		add_hog("hog2", 0, LAST_CPU, leashed);
	if (options->fails)
		add_strangers(options);
	if (mode == MODE_DLHOG) {
		add_hog("behind", 0, LAST_CPU, leashed);
		if (locks_can()) {
			add("lockhold", ROLE_OTHER, 0, FIRST_CPU, locks_hold);
			add("lockwait", ROLE_OTHER, 0, FIRST_CPU, locks_wait);
		}
	}
}

const struct crew_member *crew_members(size_t *count)
{
	*count = nr_members;
	return members;
}

unsigned int crew_victims(void)
{
	return nr_by_role[ROLE_VICTIM];
}

/*
 * A hog that may have all of its CPU (what is used up is given anew at once), and behind it an rt
 * task: what the victims wait for next. Neither could do this itself once the other has.
 */
static void raise_hogs(void)
{
	struct sched_param param = { .sched_priority = HOG_PRIORITY };
	struct dl_attr attr = {
		.size = sizeof(attr),
		.policy = SCHED_DEADLINE_POLICY,
		.runtime = HOG_PERIOD_NS,
		.deadline = HOG_PERIOD_NS,
		.period = HOG_PERIOD_NS,
	};

	if (syscall(SYS_sched_setattr, hog_pids[0], &attr, 0))
		die("hog: sched_setattr: %s", strerror(errno));
	if (sched_setscheduler(hog_pids[1], SCHED_FIFO, &param))
		die("behind: sched_setscheduler: %s", strerror(errno));
}

void crew_release_hog(void)
{
	const char go[MAX_HOGS] = { 0 };

	if (mode == MODE_DLHOG)
		raise_hogs();
	if (write(leash[1], go, nr_hogs) != (ssize_t)nr_hogs)
		die("the hog can't be let off: %s", strerror(errno));
}

void crew_end_hog(void)
{
	while (nr_hogs) {
		if (kill(hog_pids[--nr_hogs], SIGKILL))
			die("a hog can't be killed: %s", strerror(errno));
	}
}
