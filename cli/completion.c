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

/* A script for bash and zsh: begin, tables, end.  Begin sets the number of the word (at), the command and the word before. */
struct shell {
	const char *begin;
	const char *end;
};

/* bash: a `=` is a word of its own. */
static const struct shell bash = {
	"# bash completion of scxray, by: scxray completion bash\n"
	"_scxray()\n"
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=$COMP_CWORD\n"
	"	local verb=${COMP_WORDS[1]} offers='' flags=''\n"
	"	COMPREPLY=()\n"
	"	if [[ $cur == = ]]; then\n"
	"		cur=''\n"
	"	elif [[ $prev == = ]]; then\n"
	"		prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"	fi\n",
	"	if [[ -n $offers ]]; then\n"
	"		mapfile -t COMPREPLY < <(compgen -W \"$offers\" -- \"$cur\")\n"
	"	elif [[ $cur == -* && $prev != -o ]]; then\n"
	"		mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\")\n"
	"	else\n"
	"		compopt -o filenames 2>/dev/null\n"
	"		mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"	fi\n"
	"}\n"
	"complete -F _scxray scxray\n",
};

/* zsh: as a file of $fpath, or sourced after compinit.  `--option=` is one word with its value. */
static const struct shell zsh = {
	"#compdef scxray\n"
	"# zsh completion of scxray, by: scxray completion zsh\n"
	"_scxray()\n"
	"{\n"
	"	local prev=${words[CURRENT-1]} at=$((CURRENT-1)) verb=${words[2]} offers='' flags=''\n"
	"	if [[ $PREFIX == --*=* ]]; then\n"
	"		prev=${PREFIX%%=*}\n"
	"		compset -P '*='\n"
	"	fi\n",
	"	if [[ -n $offers ]]; then\n"
	"		compadd -- ${=offers}\n"
	"	elif [[ $PREFIX == -* && $prev != -o ]]; then\n"
	"		compadd -- ${=flags}\n"
	"	else\n"
	"		_files\n"
	"	fi\n"
	"}\n"
	"if [[ ${funcstack[1]} == _scxray ]]; then\n"
	"	_scxray \"$@\"\n"
	"else\n"
	"	compdef _scxray scxray\n"
	"fi\n",
};

static const char fish_begin[] =
	"# fish completion of scxray, by: scxray completion fish\n"
	"function __scxray_command # true if the line's command is this one; without a name, if it has none yet\n"
	"	set -l line (commandline -opc)\n"
	"	test \"$line[2]\" = \"$argv[1]\"\n"
	"end\n";

static void put_names(const struct cli_command *commands, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		printf("%s ", commands[i].name);
}

static bool is_taken(const struct cli_command *command, const struct option *option)
{
	return !command->without || strcmp(option->name, command->without) != 0;
}

static void put_selections(void)
{
	for (size_t i = 0; scxray_selection_name(i); i++)
		printf("%s%s", i ? " " : "", scxray_selection_name(i));
}

static void put_flags(const struct cli_command *command)
{
	printf("\t%s) flags='--help", command->name);
	for (const struct option *o = command->options; o->name; o++)
		if (is_taken(command, o))
			printf(" --%s", o->name);
	puts("' ;;");
}

static void put_values(void)
{
	puts("\tcase $prev in");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		printf("\t--%s) offers='%s' ;;\n", values[i].option, values[i].words);
	fputs("\t--only) offers='", stdout);
	put_selections();
	puts("' ;;\n\tesac");
}

static void put_script(const struct shell *shell, const struct cli_command *commands, size_t nr)
{
	fputs(shell->begin, stdout);
	put_values();
	fputs("\tif ((at == 1)); then\n\t\toffers='", stdout);
	put_names(commands, nr);
	puts("completion help --help --version'\n\tfi");
	puts("\tcase $verb in");
	for (size_t i = 0; i < nr; i++)
		put_flags(&commands[i]);
	fputs("\thelp) offers='", stdout);
	put_names(commands, nr);
	puts("' ;;\n\tcompletion) offers='bash zsh fish' ;;\n\tesac");
	fputs(shell->end, stdout);
}

static void put_fish_option(const char *command, const struct option *option)
{
	printf("complete -c scxray -n '__scxray_command %s' -l %s", command, option->name);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		if (strcmp(option->name, values[i].option) == 0) {
			printf(" -x -a '%s'\n", values[i].words);
			return;
		}
	}
	if (strcmp(option->name, "only") == 0) {
		fputs(" -x -a '", stdout);
		put_selections();
		puts("'");
	} else {
		puts(option->has_arg == required_argument ? " -r -F" : "");
	}
}

static void put_fish(const struct cli_command *commands, size_t nr)
{
	fputs(fish_begin, stdout);
	fputs("complete -c scxray -n __scxray_command -f -a '", stdout);
	put_names(commands, nr);
	puts("completion help'");
	puts("complete -c scxray -n __scxray_command -l help\ncomplete -c scxray -n __scxray_command -l version");
	fputs("complete -c scxray -n '__scxray_command help' -f -a '", stdout);
	put_names(commands, nr);
	puts("'\ncomplete -c scxray -n '__scxray_command completion' -f -a 'bash zsh fish'");
	for (size_t i = 0; i < nr; i++) {
		printf("complete -c scxray -n '__scxray_command %s' -l help\n", commands[i].name);
		for (const struct option *o = commands[i].options; o->name; o++)
			if (is_taken(&commands[i], o))
				put_fish_option(commands[i].name, o);
	}
}

int cli_complete(const char *shell, const struct cli_command *commands, size_t nr)
{
	if (strcmp(shell, "bash") == 0)
		put_script(&bash, commands, nr);
	else if (strcmp(shell, "zsh") == 0)
		put_script(&zsh, commands, nr);
	else if (strcmp(shell, "fish") == 0)
		put_fish(commands, nr);
	else
		return cli_usage("completion %s: not one of bash, zsh, fish", shell);
	return output_flush_stdout();
}
