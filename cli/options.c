/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c - the command line of `scxray report`
 */
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "csv.h"
#include "options.h"
#include "watch/number.h"

enum {
	OPT_EARLY = 256,
	OPT_FORMAT,
	OPT_JSON,
	OPT_SAVE_CORE,
	OPT_FORCE,
	OPT_SAVE_EARLY_CORE,
	OPT_COLOR,
	OPT_WIDTH,
	OPT_NO_PAGER,
	OPT_TIMING,
	OPT_ONLY,
	OPT_SUMMARY,
	OPT_FULL,
	OPT_EXIT_ON,
	OPT_ANNOTATE,
	OPT_JUNIT,
	OPT_SIZE = 1 << 10,  /* plus the offset of a uint64_t in struct scxray_settings */
	OPT_COUNT = 1 << 11, /* plus that of a uint32_t */
};

#define LIMIT(name, base, member)                                              \
	{                                                                      \
		name, required_argument, NULL,                                 \
			(base) + (int)offsetof(struct scxray_settings, member) \
	}
#define COUNT_OPTION(member, option, value, what) LIMIT(option, OPT_COUNT, member),
#define SIZE_OPTION(member, option, value, unit, what) LIMIT(option, OPT_SIZE, member),

const struct option cli_report_options[] = {
	{ "early", required_argument, NULL, OPT_EARLY },
	{ "output", required_argument, NULL, 'o' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "save-core", required_argument, NULL, OPT_SAVE_CORE },
	{ "save-early-core", required_argument, NULL, OPT_SAVE_EARLY_CORE },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "no-pager", no_argument, NULL, OPT_NO_PAGER },
	{ "timing", no_argument, NULL, OPT_TIMING },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "summary", no_argument, NULL, OPT_SUMMARY },
	{ "full", no_argument, NULL, OPT_FULL },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "exit-on", required_argument, NULL, OPT_EXIT_ON },
	{ "annotate", required_argument, NULL, OPT_ANNOTATE },
	{ "junit", required_argument, NULL, OPT_JUNIT },
	/* clang-format off */
	SCXRAY_COUNT_LIMITS(COUNT_OPTION)
	SCXRAY_SIZE_LIMITS(SIZE_OPTION)
	{ NULL, 0, NULL, 0 },
	/* clang-format on */
};

static int set_color(struct report_options *options, const char *word)
{
	static const char *const words[] = { "auto", "always", "never", NULL };
	static const enum output_color colors[] = { OUTPUT_COLOR_AUTO, OUTPUT_COLOR_ALWAYS,
						    OUTPUT_COLOR_NEVER };
	int at = cli_find_word("color", words, word);

	if (at >= 0)
		options->color = colors[at];
	return at < 0 ? CLI_USAGE : CLI_OK;
}

static int set_exit_on(struct report_options *options, const char *word)
{
	static const char *const words[] = { "error", "warning", NULL };
	int at = cli_find_word("exit-on", words, word);

	if (at >= 0)
		options->exit_on = at ? SCXRAY_SEVERITY_WARNING : SCXRAY_SEVERITY_ERROR;
	return at < 0 ? CLI_USAGE : CLI_OK;
}

static int set_limit(struct report_options *options, const struct option *option, const char *word)
{
	char *settings = (char *)options + offsetof(struct report_options, settings);
	uint64_t number;
	uint32_t count;

	if (option->val < OPT_COUNT) {
		if (!number_parse_size(word, &number))
			return cli_usage("--%s %s: not a size such as 64M", option->name, word);
		memcpy(settings + (option->val - OPT_SIZE), &number, sizeof(number));
		return CLI_OK;
	}
	if (!number_parse(word, 1, UINT32_MAX, &number))
		return cli_usage("--%s %s: not a number from 1 to 4294967295", option->name, word);
	count = (uint32_t)number;
	memcpy(settings + (option->val - OPT_COUNT), &count, sizeof(count));
	return CLI_OK;
}

/* What the view shows; its operand, if it has one, is the first of the command line's. */
static int set_view(struct report_options *options, const struct report_view *view,
		    const char *operand)
{
	struct scxray_error err = { 0 };

	if (options->only.groups)
		return cli_usage("--only: is for scxray report");
	for (size_t i = 0; i < 2 && view->groups[i]; i++)
		if (scxray_selection_add_name(&options->only, view->groups[i], i ? NULL : operand,
					      &err))
			return cli_usage("%s", err.text);
	options->operand = operand;
	if (!options->exit_on)
		options->exit_on = view->exit_on;
	return CLI_OK;
}

static int set_only(struct report_options *options, const char *list)
{
	struct scxray_error err = { 0 };

	if (scxray_selection_add(&options->only, list, &err))
		return cli_usage("--only: %s", err.text);
	return CLI_OK;
}

static const char *const formats[] = {
	[REPORT_TEXT] = "text",
	[REPORT_JSON] = "json",
	[REPORT_HTML] = "html",
	[REPORT_CSV] = "csv",
	NULL,
};

static int set_format(struct report_options *options, const char *word, bool *given)
{
	int at = cli_find_word("format", formats, word);

	if (at >= 0)
		options->format = (enum report_format)at;
	*given = true;
	return at < 0 ? CLI_USAGE : CLI_OK;
}

static int set_json(struct report_options *options, const char *word, bool *format)
{
	static const char *const words[] = {
		[SCXRAY_JSON_BOTH] = "both",
		[SCXRAY_JSON_TYPED] = "typed",
		[SCXRAY_JSON_PLAIN] = "plain",
		NULL,
	};
	int at = cli_find_word("json", words, word);

	if (at >= 0)
		options->json_form = (enum scxray_json_form)at;
	return at < 0 ? CLI_USAGE : set_format(options, "json", format);
}

static int set_option(struct report_options *options, const struct option *option, const char *word,
		      bool *format)
{
	uint64_t number;

	switch (option->val) {
	case OPT_EARLY:
		options->early = word;
		return CLI_OK;
	case OPT_SAVE_CORE:
		options->save_core = word;
		return CLI_OK;
	case OPT_SAVE_EARLY_CORE:
		options->save_early_core = word;
		return CLI_OK;
	case OPT_NO_PAGER:
		options->no_pager = true;
		return CLI_OK;
	case OPT_TIMING:
		options->timing = true;
		return CLI_OK;
	case OPT_ONLY:
		return set_only(options, word);
	case OPT_SUMMARY:
		options->summary = true;
		return CLI_OK;
	case OPT_FULL:
		options->full = true;
		return CLI_OK;
	case OPT_FORCE:
		options->force = true;
		return CLI_OK;
	case OPT_ANNOTATE:
		options->annotate = true;
		return cli_find_word("annotate", (const char *const[]){ "github", NULL }, word) < 0
			       ? CLI_USAGE
			       : CLI_OK;
	case OPT_JUNIT:
		options->junit = word;
		return CLI_OK;
	case OPT_EXIT_ON:
		return set_exit_on(options, word);
	case OPT_COLOR:
		return set_color(options, word);
	case OPT_FORMAT:
		return set_format(options, word, format);
	case OPT_JSON:
		return set_json(options, word, format);
	case OPT_WIDTH:
		if (!number_parse(word, 40, 10000, &number))
			return cli_usage("--width %s: not a number from 40 to 10000", word);
		options->width = (unsigned)number;
		return CLI_OK;
	default:
		return set_limit(options, option, word);
	}
}

/* How much text shows: JSON always has all. */
static int check_amount(const struct report_options *o)
{
	if (o->summary && o->full)
		return cli_usage("--summary and --full: give one of them");
	if (o->format != REPORT_TEXT && (o->summary || o->full))
		return cli_usage("--%s: is for text; %s leaves nothing out but by --only",
				 o->summary ? "summary" : "full", formats[o->format]);
	return CLI_OK;
}

/* The page finds tasks and queues by their place in the lists. */
static int check_selection(const struct report_options *o)
{
	if (o->format == REPORT_CSV && (!o->only.groups || !csv_has(&o->only)))
		return cli_usage(
			"--format csv: is for scxray tasks, task, dsqs, dsq, cpus, log, and report "
			"--only with one of tasks, dsqs, rqs, log");
	if (o->format == REPORT_HTML && (o->only.tasks.nr || o->only.dsqs.nr))
		return cli_usage("some tasks or queues only: is for text and json, not for a page");
	return CLI_OK;
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && !strcmp(text + len - n, suffix);
}

static void format_by_name(struct report_options *options)
{
	if (options->output && has_suffix(options->output, ".json"))
		options->format = REPORT_JSON;
	if (options->output && has_suffix(options->output, ".html"))
		options->format = REPORT_HTML;
}

/* Two names for one file: one of them would be lost. */
static int check_files(const struct report_options *o)
{
	const char *in[] = { o->image, o->early };
	const char *out[] = { o->output, o->save_core, o->save_early_core, o->junit };

	for (size_t i = 0; i < 4; i++) {
		if (!out[i])
			continue;
		if (!*out[i])
			return cli_usage("an output file without a name");
		for (size_t j = 0; j < 2; j++)
			if (output_same_file(out[i], in[j]))
				return cli_usage("%s: would overwrite the image file", out[i]);
		for (size_t j = i + 1; j < 4; j++)
			if (out[j] && !strcmp(out[i], out[j]))
				return cli_usage("%s: given for two outputs", out[i]);
	}
	return CLI_OK;
}

/* /sys/kernel/sched_ext/state is "enabled" while a scheduler is loaded. */
static bool scheduler_is_loaded(void)
{
	FILE *file = fopen("/sys/kernel/sched_ext/state", "re");
	char state[16] = "";

	if (!file)
		return false;
	if (!fgets(state, sizeof(state), file))
		state[0] = '\0';
	fclose(file);
	return !strncmp(state, "enabled", 7);
}

/* All that begins with a dash; what does not is at argv[optind] then.  *format: it was given. */
static int parse_options(struct report_options *options, bool *format, int argc, char **argv)
{
	int opt, index, status = CLI_OK;

	opterr = 0;
	while (!status &&
	       (opt = getopt_long(argc, argv, ":o:", cli_report_options, &index)) != -1) {
		if (opt == ':')
			return cli_usage("%s: needs a value", argv[optind - 1]);
		if (opt == '?' && optopt && optopt < 256)
			return cli_usage("no such option: -%c", optopt);
		if (opt == '?' && optopt)
			return cli_usage("%s: takes no value", argv[optind - 1]);
		if (opt == '?')
			return cli_usage("no such option: %s", argv[optind - 1]);
		if (opt == 'o') /* -o has no index */
			options->output = optarg;
		else
			status = set_option(options, &cli_report_options[index], optarg, format);
	}
	return status;
}

static int parse_files(struct report_options *options, int argc, char **argv)
{
	if (optind == argc)
		return cli_usage(
			"no image file given%s",
			scheduler_is_loaded()
				? " (a sched_ext scheduler is loaded on this machine: sudo "
				  "scxray report /proc/kcore)"
				: "");
	if (optind + 1 < argc)
		return cli_usage("one image file too many: %s; the half-way image goes to --early",
				 argv[optind + 1]);
	options->image = argv[optind];
	if (options->save_early_core && !options->early)
		return cli_usage("--save-early-core %s: there is no --early image",
				 options->save_early_core);
	return CLI_OK;
}

int options_parse(struct report_options *options, enum report_format usual,
		  const struct report_view *view, int argc, char **argv)
{
	bool format = false;
	int status;

	*options = (struct report_options){ .format = usual, .settings = SCXRAY_SETTINGS_INIT };
	status = parse_options(options, &format, argc, argv);
	if (!status && view && view->operand && argc - optind < 2)
		return cli_usage("scxray %s needs %s, and an image file", argv[0], view->operand);
	if (!status && view && view->pair) {
		if (options->early || argc - optind < 2)
			return cli_usage("scxray %s takes two files, the earlier first", argv[0]);
		options->early = argv[optind++];
	}
	if (!status && view)
		status = set_view(options, view, view->operand ? argv[optind++] : NULL);
	if (!status)
		status = parse_files(options, argc, argv);
	if (status)
		return status;
	if (!format)
		format_by_name(options);
	status = check_amount(options);
	if (!status)
		status = check_selection(options);
	return status ? status : check_files(options);
}
