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

static struct crew_member members[MAX_CREW];
static size_t nr_members;
static unsigned int nr_by_role[ROLE_SLEEPER + 1];
static int leash[2];
static pid_t hog_pid, behind_pid;

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

static void hog(void)
{
	struct sched_param param = { .sched_priority = HOG_PRIORITY };
	char go;

	if (read(leash[0], &go, 1) != 1)
		die("hog: the leash broke: %s", strerror(errno));
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("hog: sched_setscheduler: %s", strerror(errno));
	spinner();
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

static bool is_hog(enum scxfix_mode mode)
{
	return mode == MODE_HOG || mode == MODE_DLHOG;
}

void crew_start(const struct options *options)
{
	if (pipe(leash))
		die("pipe: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++) {
		enum places places = plan[i].places;

		if (is_hog(options->mode) && plan[i].role == ROLE_VICTIM)
			places = LAST_CPU;
		add(plan[i].comm, plan[i].role, plan[i].nice, places, plan[i].live);
	}
	if (options->mode == MODE_VTIME)
		add_busies(2 * machine_cpus() + 1);
	if (is_hog(options->mode)) {
		add("hog", ROLE_OTHER, 0, LAST_CPU, options->mode == MODE_HOG ? hog : leashed);
		hog_pid = members[nr_members - 1].pid;
	}
	if (options->mode == MODE_DLHOG) {
		add("behind", ROLE_OTHER, 0, LAST_CPU, leashed);
		behind_pid = members[nr_members - 1].pid;
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

	if (syscall(SYS_sched_setattr, hog_pid, &attr, 0))
		die("hog: sched_setattr: %s", strerror(errno));
	if (sched_setscheduler(behind_pid, SCHED_FIFO, &param))
		die("behind: sched_setscheduler: %s", strerror(errno));
}

void crew_release_hog(void)
{
	const char go[2] = { 0 };
	ssize_t size = behind_pid ? 2 : 1;

	if (behind_pid)
		raise_hogs();
	if (write(leash[1], go, (size_t)size) != size)
		die("the hog can't be let off: %s", strerror(errno));
}

void crew_end_hog(void)
{
	if (behind_pid)
		kill(behind_pid, SIGKILL);
	if (hog_pid && kill(hog_pid, SIGKILL))
		die("the hog can't be killed: %s", strerror(errno));
}
