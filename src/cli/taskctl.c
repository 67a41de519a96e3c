/* SPDX-License-Identifier: MIT */
/* The process around td_cli_main(). */
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
	struct td_cli cli;

	/* Texts and times follow the user; numbers are never printed by locale. */
	(void)setlocale(LC_CTYPE, "");
	/* A reader that went away is told by write(2), and is no reason to die. */
	(void)signal(SIGPIPE, SIG_IGN);
	td_cli_init(&cli, STDOUT_FILENO, STDERR_FILENO);
	return td_cli_main(&cli, argc, argv);
}
