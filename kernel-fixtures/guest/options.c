// SPDX-License-Identifier: BSD-2-Clause
/* The guest's orders, from the kernel's command line. */
#include <stdlib.h>
#include <string.h>

#include "guest.h"

static void timeout_parse(struct options *options, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	/* The kernel takes at most 30 s. */
	if (*end || seconds < 2 || seconds > 30)
		die("scxfix.timeout=%s: want whole seconds, 2 to 30", text);
	options->timeout_ms = (unsigned int)seconds * 1000;
}

static unsigned int number_parse(const char *word, unsigned long most)
{
	const char *text = strchr(word, '=') + 1;
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end || number > most)
		die("%s: want a number of at most %lu", word, most);
	return (unsigned int)number;
}

void options_read(struct options *options)
{
	static char line[4096];
	char *save = NULL, *mode_name = NULL;

	options->alone = options_alone();
	options->rounds = 1;
	if (text_read("/proc/cmdline", line, sizeof(line)) < 0)
		die("/proc/cmdline is unreadable");
	for (char *word = strtok_r(line, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		if (!strncmp(word, "scxfix.mode=", 12))
			mode_name = word + 12;
		else if (!strncmp(word, "scxfix.timeout=", 15))
			timeout_parse(options, word + 15);
		else if (!strncmp(word, "scxfix.bighash=", 15))
			options->big_hash = (unsigned int)strtoul(word + 15, NULL, 10);
		else if (!strncmp(word, "scxfix.delay=", 13))
			options->delay_s = number_parse(word, 3600);
		else if (!strncmp(word, "scxfix.rounds=", 14))
			options->rounds = number_parse(word, 10);
		else if (!strncmp(word, "scxfix.program=", 15))
			options->program = strdup(word + 15);
		else if (!strcmp(word, "scxfix.fails"))
			options->fails = true;
		else if (!strcmp(word, "scxfix.kallsyms"))
			options->all_symbols = true;
		else if (!strcmp(word, "scxfix.clock"))
			options->clock = true;
	}
	if (!mode_name || !options->timeout_ms)
		die("scxfix.mode= or scxfix.timeout= is missing from the command line");
	if (!mode_find(mode_name, &options->mode))
		die("scxfix.mode=%s: no such mode", mode_name);
	if (options->mode == MODE_OTHER && !options->program)
		die("scxfix.mode=other without scxfix.program=");
}

bool options_program_is(const struct options *options, const char *program)
{
	size_t length = strlen(program);

	return options->program && !strncmp(options->program, program, length) &&
	       (!options->program[length] || options->program[length] == ',');
}

bool options_alone(void)
{
	static char line[4096];

	return text_read("/proc/cmdline", line, sizeof(line)) >= 0 && strstr(line, " scxfix.alone");
}
