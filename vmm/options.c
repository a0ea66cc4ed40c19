/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - the command line
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <base/array.h>

#include "message.h"
#include "options.h"

const char options_help[] =
	"usage: scxray-vmm --kernel FILE [OPTION...]\n"
	"       scxray-vmm --restore IMAGE [OPTION...]\n"
	"       scxray-vmm --plugin FILE --plugin-settings\n"
	"\n"
	"Runs a Linux guest on /dev/kvm, with scxray-plugin.so watching it: two serial\n"
	"ports, no disk, no network.\n"
	"\n"
	"  --kernel FILE         bzImage or ELF vmlinux for x86-64\n"
	"  --initrd FILE         its initramfs\n"
	"  --append TEXT         its command line; default \"console=ttyS0 panic=-1\"\n"
	"  --restore IMAGE       go on with the guest in an image file instead of booting\n"
	"  --cpus N              vCPUs, 1 to 254; default 1\n"
	"  --memory SIZE         RAM, such as 512M or 5G; default 512M\n"
	"  --nodes N             NUMA nodes; default 1\n"
	"  --cpu host|baseline   what the guest's CPUs can do; host (the default): all that\n"
	"                        KVM supports; baseline: x86-64 and SSE3, no XSAVE, no AVX\n"
	"  --log FILE            a copy of the console (COM1, ttyS0), which is on stdout\n"
	"  --data WHERE          the second serial port (COM2, ttyS1): a file to write, or\n"
	"                        unix:PATH (connects to a socket), or fd:N\n"
	"  --timeout SECONDS     end the guest after this time\n"
	"  --plugin FILE         scxray-plugin.so; without a slash: in the working folder, else\n"
	"                        the installed one\n"
	"  --plugin-set KEY=VALUE\n"
	"                        a setting of the plugin; may be repeated\n"
	"  --plugin-settings     list the plugin's settings and their defaults\n"
	"  --plugin-when start|failure\n"
	"                        start (the default): load the plugin with the guest, it\n"
	"                        sees for itself; failure: only when a text below comes\n"
	"  --early-on TEXT       take the half-way snapshot when a line on one of the\n"
	"                        serial ports has TEXT in it\n"
	"  --late-on TEXT        the same for the snapshot of the failure\n"
	"  -v, --verbose         say more of what the plugin does\n"
	"  -h, --help            this text\n"
	"  --version             the version\n"
	"\n"
	"Ctrl-C ends the guest; Ctrl-\\ (or SIGUSR1) takes a snapshot now.\n"
	"\n"
	"exit status: 0 the guest shut down, 1 it could not be run or KVM gave up on it,\n"
	"2 the command line makes no sense, 3 the guest reset itself (a panic does, with\n"
	"panic=-1), 4 timeout, 5 the plugin could not write its files, 128+N signal N\n";

enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_APPEND,
	OPT_RESTORE,
	OPT_CPUS,
	OPT_MEMORY,
	OPT_NODES,
	OPT_CPU,
	OPT_LOG,
	OPT_DATA,
	OPT_TIMEOUT,
	OPT_PLUGIN,
	OPT_PLUGIN_SET,
	OPT_PLUGIN_SETTINGS,
	OPT_PLUGIN_WHEN,
	OPT_EARLY_ON,
	OPT_LATE_ON,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "restore", required_argument, NULL, OPT_RESTORE },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "nodes", required_argument, NULL, OPT_NODES },
	{ "cpu", required_argument, NULL, OPT_CPU },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "data", required_argument, NULL, OPT_DATA },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "plugin", required_argument, NULL, OPT_PLUGIN },
	{ "plugin-set", required_argument, NULL, OPT_PLUGIN_SET },
	{ "plugin-settings", no_argument, NULL, OPT_PLUGIN_SETTINGS },
	{ "plugin-when", required_argument, NULL, OPT_PLUGIN_WHEN },
	{ "early-on", required_argument, NULL, OPT_EARLY_ON },
	{ "late-on", required_argument, NULL, OPT_LATE_ON },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int usage(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	message_print("%s; see scxray-vmm --help", line);
	return STATUS_USAGE;
}

/* A whole decimal number within bounds; nothing before or after it. */
static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end && *number >= min && *number <= max;
}

/* A number and M or G. */
static bool parse_memory(const char *text, uint64_t *size)
{
	size_t length = strlen(text);
	char digits[16], unit = length ? text[length - 1] : '\0';
	unsigned shift = unit == 'G' ? 30 : 20;

	if ((unit != 'M' && unit != 'G') || length > sizeof(digits))
		return false;
	memcpy(digits, text, length - 1);
	digits[length - 1] = '\0';
	if (!parse_number(digits, 1, (1ULL << 46) >> shift, size))
		return false;
	*size <<= shift;
	return *size >= MIN_MEMORY;
}

static int set_count(const char *name, const char *word, uint64_t max, unsigned *count)
{
	uint64_t number;

	if (!parse_number(word, 1, max, &number))
		return usage("--%s %s: not a number from 1 to %llu", name, word,
			     (unsigned long long)max);
	*count = (unsigned)number;
	return 0;
}

static int set_setting(struct options *options, const char *word)
{
	if (*word == '=' || !strchr(word, '='))
		return usage("--plugin-set %s: not KEY=VALUE", word);
	if (options->nr_settings == MAX_SETTINGS)
		return usage("--plugin-set %s: more than %d settings", word, MAX_SETTINGS);
	options->settings[options->nr_settings++] = word;
	return 0;
}

static int set_text(struct line_match *watch, const char *name, const char *word)
{
	if (!*word || strlen(word) > LINE_MATCH_MAX)
		return usage("--%s: want a text of 1 to %d bytes", name, LINE_MATCH_MAX);
	watch->text = word;
	return 0;
}

/* The one of two words that it is, as 0 or 1. */
static int set_word(const char *name, const char *word, const char *zero, const char *one,
		    int *which)
{
	*which = !strcmp(word, one);
	if (!*which && strcmp(word, zero))
		return usage("--%s %s: not one of %s, %s", name, word, zero, one);
	return 0;
}

/* The options whose value is kept as it is. */
static const struct {
	int opt;
	size_t offset; /* of a const char * in struct options */
} text_options[] = {
	{ OPT_KERNEL, offsetof(struct options, boot.kernel) },
	{ OPT_INITRD, offsetof(struct options, boot.initrd) },
	{ OPT_APPEND, offsetof(struct options, boot.append) },
	{ OPT_RESTORE, offsetof(struct options, restore) },
	{ OPT_LOG, offsetof(struct options, log) },
	{ OPT_DATA, offsetof(struct options, data) },
	{ OPT_PLUGIN, offsetof(struct options, plugin.path) },
};

static bool set_plain_text(struct options *o, int opt, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(text_options); i++)
		if (text_options[i].opt == opt) {
			*(const char **)((char *)o + text_options[i].offset) = word;
			return true;
		}
	return false;
}

static int set_timeout(struct options *o, const char *word)
{
	uint64_t seconds;

	if (!parse_number(word, 1, 1000000000, &seconds))
		return usage("--timeout %s: not a number of seconds", word);
	o->timeout_ms = seconds * 1000;
	return 0;
}

static int set_value(struct options *o, int opt, const char *word)
{
	int which, status;

	switch (opt) {
	case OPT_CPUS:
		return set_count("cpus", word, MAX_VCPUS, &o->cpus);
	case OPT_NODES:
		return set_count("nodes", word, 64, &o->nodes);
	case OPT_MEMORY:
		if (parse_memory(word, &o->memory))
			return 0;
		return usage("--memory %s: not a size such as 512M or 5G, 16M or more", word);
	case OPT_CPU:
		status = set_word("cpu", word, "host", "baseline", &which);
		o->model = which ? CPU_BASELINE : CPU_HOST;
		return status;
	case OPT_TIMEOUT:
		return set_timeout(o, word);
	case OPT_PLUGIN_SET:
		return set_setting(o, word);
	case OPT_PLUGIN_WHEN:
		status = set_word("plugin-when", word, "start", "failure", &which);
		o->plugin_on_failure = which;
		return status;
	case OPT_EARLY_ON:
		return set_text(&o->early, "early-on", word);
	default:
		return set_text(&o->late, "late-on", word);
	}
}

static int set_option(struct options *o, int opt, const char *word)
{
	switch (opt) {
	case OPT_PLUGIN_SETTINGS:
		o->action = DO_LIST_SETTINGS;
		return 0;
	case OPT_VERSION:
		o->action = DO_VERSION;
		return 0;
	case 'h':
		o->action = DO_HELP;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	default:
		return set_plain_text(o, opt, word) ? 0 : set_value(o, opt, word);
	}
}

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* What is written to is emptied first: it must be none of those that are read. */
static int check_files(const struct options *o)
{
	const char *in[] = { o->boot.kernel, o->boot.initrd, o->restore, o->plugin.path };
	const char *out[] = { o->log, o->data };

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; out[i] && j < 4; j++)
			if (in[j] && same_file(out[i], in[j]))
				return usage("%s: would be overwritten", out[i]);
	if (o->log && o->data && (!strcmp(o->log, o->data)))
		return usage("%s: given for --log and --data", o->log);
	return 0;
}

/* What does not go together. */
static int check(const struct options *o)
{
	bool texts = o->early.text || o->late.text;

	if (o->action == DO_HELP || o->action == DO_VERSION)
		return 0;
	if (!o->plugin.path &&
	    (o->nr_settings || texts || o->plugin_on_failure || o->action == DO_LIST_SETTINGS))
		return usage("options for a plugin, and no --plugin given");
	if (o->action == DO_LIST_SETTINGS)
		return 0;
	if (!o->boot.kernel && !o->restore)
		return usage("no --kernel and no --restore given");
	if (o->boot.kernel && o->restore)
		return usage("--kernel and --restore: give one of them");
	if (o->restore && o->boot.initrd)
		return usage("--initrd: an image of --restore has all it needs");
	if (o->plugin_on_failure && !texts)
		return usage("--plugin-when failure: give --early-on or --late-on to tell by");
	if (o->nodes > o->cpus)
		return usage("--nodes %u: more than --cpus %u", o->nodes, o->cpus);
	return check_files(o);
}

static int refuse(int opt, char **argv)
{
	if (opt == ':')
		return usage("%s: needs a value", argv[optind - 1]);
	if (optopt && argv[optind - 1][1] != '-')
		return usage("no such option: -%c", optopt);
	if (optopt)
		return usage("%s: takes no value", argv[optind - 1]);
	return usage("no such option: %s", argv[optind - 1]);
}

int options_parse(struct options *options, int argc, char **argv)
{
	int opt, status = 0;

	*options = (struct options){
		.boot.append = "console=ttyS0 panic=-1",
		.cpus = 1,
		.nodes = 1,
		.memory = 512 * MIB,
	};
	opterr = 0;
	while (!status && (opt = getopt_long(argc, argv, ":hv", long_options, NULL)) != -1)
		status = opt == ':' || opt == '?' ? refuse(opt, argv)
						  : set_option(options, opt, optarg);
	if (status)
		return status;
	if (optind < argc)
		return usage("%s: not an option", argv[optind]);
	options->plugin.settings = options->settings;
	return check(options);
}
