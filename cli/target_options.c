/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_options.c - options that watch, attach and run share
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "cli/cli.h"
#include "cli/target_options.h"

static int set_text(struct session_options *options, struct target_texts *texts, const char *key,
		    const char *value)
{
	char *text = texts->text[texts->nr];
	int nr;

	if (texts->nr == ARRAY_SIZE(texts->text))
		return cli_usage("too many options");
	nr = snprintf(text, sizeof(texts->text[0]), "%s=%s", key, value);
	if (nr < 0 || (size_t)nr >= sizeof(texts->text[0]))
		return cli_usage("--%s: too long", key);
	texts->nr++;
	return session_set(options, text);
}

static int set_pid(struct target *target, const char *value)
{
	char *end;
	long pid = strtol(value, &end, 10);

	if (pid <= 0 || *end || pid > 1 << 30)
		return cli_usage("--pid %.40s: no process id", value);
	target->pid = (pid_t)pid;
	return CLI_OK;
}

static int set_option(struct session_options *options, struct target_texts *texts, int option,
		      const char *value)
{
	switch (option) {
	case TARGET_PID:
		return set_pid(&options->target, value);
	case TARGET_DOMAIN:
		options->target.domain = value;
		return CLI_OK;
	case TARGET_LOG:
		return set_text(options, texts, "log", value);
	case TARGET_FOLDER:
		return set_text(options, texts, "output", value);
	case TARGET_CORE:
		return session_set(options, "core=on");
	case TARGET_JSON_LINES:
		options->json_lines = true;
		return CLI_OK;
	case TARGET_SET:
		return session_set(options, value);
	default:
		return CLI_USAGE;
	}
}

int target_options(struct session_options *options, struct target_texts *texts, int argc,
		   char **argv, const char *letters, const struct option *names, const char **file)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (option == ':')
			return cli_usage("%s needs a value", argv[optind - 1]);
		if (option == '?')
			return cli_usage("no such option: %s", argv[optind - 1]);
		if (option == 'o' && file)
			*file = optarg;
		else if (set_option(options, texts, option == 'o' ? TARGET_FOLDER : option, optarg))
			return CLI_USAGE;
	}
	return CLI_OK;
}

int target_argument(struct session_options *options, int argc, char **argv, int optind_now)
{
	const struct target *target = &options->target;

	if (argc - optind_now > 1)
		return cli_usage("too many arguments: %s", argv[optind_now + 1]);
	if (argc > optind_now)
		options->target.address = argv[optind_now];
	if (!!target->address + !!target->pid + !!target->domain > 1)
		return cli_usage("name one guest: a socket, --pid or --domain");
	return CLI_OK;
}
