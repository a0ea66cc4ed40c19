/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_help.c - what `scxray help report` prints
 */
#include <scxray/capture.h>

#include "cli.h"

#define COUNT_HELP(member, option, value, what) "  --" option " N\t" what "; default " #value "\n"
#define SIZE_HELP(member, option, value, unit, what) \
	"  --" option " N[K|M|G]\t" what "; default " #value #unit "\n"

const char cli_report_help[] =
	"usage: scxray report [OPTION...] FILE\n"
	"       scxray report --early HALF [OPTION...] FILE\n"
	"\n"
	"Writes what sched_ext was doing in a guest: FILE is an ELF vmcore (QEMU's\n"
	"dump-guest-memory, kdump) or a scxray core. Nothing else is needed: no vmlinux,\n"
	"no debug information, no System.map.\n"
	"\n"
	"  --early HALF            the image of half-way to the watchdog's timeout: the\n"
	"                          report shows both, and what changed between them\n"
	"  --force                 both, also where they are of two boots or two kernels\n"
	"  -o, --output OUT        write to OUT, complete or not at all\n"
	"  --format text|json|html|csv\n"
	"                          default text; json or html where OUT ends so; csv is a\n"
	"                          table of the list that --only, or a command, asks for\n"
	"  --json both|typed|plain JSON, with the values of maps as trees with their types\n"
	"                          (KEY), as names and scalars (KEY_plain), or default both\n"
	"  --save-core CORE        save what the report of FILE is made from, a few MB,\n"
	"                          to CORE: `scxray report CORE` gives the same report\n"
	"  --save-early-core CORE  the same for the image of --early\n"
	"  --only GROUP[,GROUP...] only these: diagnosis, timing, guest, diff, maps, vcpus, sdt,\n"
	"                          progs, times, psi, tasks, sched, rqs, locks, dsqs, timeline,\n"
	"                          perf, log; or of one group a part: maps=NAME (or a pattern:\n"
	"                          maps='.data*'), tasks=PID or tasks=COMM, dsqs=ID\n"
	"  --summary               text: a screen, with the diagnosis, the first CPUs, queues\n"
	"                          and waiting tasks, and how much there is of each group\n"
	"  --full                  text: every row, also those that are 0 or one too many\n"
	"  --exit-on error|warning exit with 0 if the diagnosis has no finding that bad, 1 if\n"
	"                          it has, 2 if it can't be told, or no report was written\n"
	"  --annotate github       a line for each finding on standard output, which GitHub\n"
	"                          Actions shows with the run\n"
	"  --junit FILE            the findings as tests, in JUnit's XML: errors have failed\n"
	"  --color auto|always|never\n"
	"                          auto: on a terminal, unless NO_COLOR is set\n"
	"  --width N               columns that tables may use (40 to 10000); default the\n"
	"                          terminal's, else 120\n"
	"  --no-pager              text that is longer than the terminal is not shown page by\n"
	"                          page (by SCXRAY_PAGER, PAGER, less or more)\n"
	"  --timing                say on stderr how long each phase took, and how much\n"
	"                          memory it needed\n"
	"  -h, --help              this text\n"
	"\n"
	/* clang-format off */
	"limits (each cut is said in the report):\n"
	SCXRAY_COUNT_LIMITS(COUNT_HELP)
	SCXRAY_SIZE_LIMITS(SIZE_HELP)
	"\n"
	"An OUT or CORE that exists is replaced. Exit status without --exit-on: 0 the report\n"
	"was written, 1 it was not, 2 the command line makes no sense.\n";
/* clang-format on */
