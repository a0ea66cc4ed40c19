/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * completion.c - what a shell needs to complete command lines, from the tables of commands and options
 */
#include <string.h>

#include <base/array.h>
#include <scxray/render.h>

#include "cli.h"
#include "output.h"

/* Options whose value is one of some words; the value of any other is a file. */
static const struct {
	const char *option;
	const char *words;
} values[] = {
	{ "format", "text json html csv" },
	{ "color", "auto always never" },
	{ "exit-on", "error warning" },
};

/* Reads the words of the line: $cur, and $prev before it; a `=` is a word of its own. */
static const char bash_begin[] =
	"# bash completion of scxray, by: scxray completion bash\n"
	"_scxray()\n"
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words='' options=''\n"
	"	COMPREPLY=()\n"
	"	if [[ $cur == = ]]; then\n"
	"		cur=''\n"
	"	elif [[ $prev == = ]]; then\n"
	"		prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"	fi\n";

static const char bash_end[] =
	"	if [[ -n $words ]]; then\n"
	"		mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	"	elif [[ $cur == -* && $prev != -o ]]; then\n"
	"		mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	"	else\n"
	"		compopt -o filenames 2>/dev/null\n"
	"		mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"	fi\n"
	"}\n"
	"complete -F _scxray scxray\n";

static void put_names(const struct cli_command *commands, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		printf("%s ", commands[i].name);
}

static void put_options(const struct cli_command *command)
{
	printf("\t%s) options='--help", command->name);
	for (const struct option *o = command->options; o->name; o++)
		if (!command->without || strcmp(o->name, command->without) != 0)
			printf(" --%s", o->name);
	puts("' ;;");
}

static void put_values(void)
{
	puts("\tcase $prev in");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		printf("\t--%s) words='%s' ;;\n", values[i].option, values[i].words);
	fputs("\t--only) words='", stdout);
	for (size_t i = 0; scxray_selection_name(i); i++)
		printf("%s%s", i ? " " : "", scxray_selection_name(i));
	puts("' ;;\n\tesac");
}

int cli_complete(const char *shell, const struct cli_command *commands, size_t nr)
{
	if (strcmp(shell, "bash") != 0)
		return cli_usage("completion %s: not one of bash", shell);
	fputs(bash_begin, stdout);
	put_values();
	fputs("\tif ((COMP_CWORD == 1)); then\n\t\twords='", stdout);
	put_names(commands, nr);
	puts("completion help --help --version'\n\tfi");
	puts("\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; i < nr; i++)
		put_options(&commands[i]);
	fputs("\thelp) words='", stdout);
	put_names(commands, nr);
	puts("' ;;\n\tcompletion) words='bash' ;;\n\tesac");
	fputs(bash_end, stdout);
	return output_flush_stdout();
}
