/* SPDX-License-Identifier: MIT */
/*
 * The main() of a fuzz target that is built without a fuzzer: runs it over its corpus, which is
 * tests/fuzz/corpus/NAME of the source tree, or over the files that are given. Prints TAP.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (8u * 1024 * 1024) /* bytes of one file */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static unsigned n_inputs;

static void run(const char *path)
{
	uint8_t *bytes = malloc(INPUT_MAX);
	FILE *file = fopen(path, "rb");
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t size;

	if (bytes == NULL || file == NULL) {
		printf("not ok %u - %s cannot be read\n", ++n_inputs, path);
	} else {
		size = fread(bytes, 1, INPUT_MAX, file);
		/* To the end of the block, so that a sanitizer sees what reads too far. */
		memmove(bytes + INPUT_MAX - size, bytes, size);
		(void)LLVMFuzzerTestOneInput(bytes + INPUT_MAX - size, size); /* always 0 */
		printf("ok %u - %s\n", ++n_inputs, name);
	}
	fflush(stdout);
	if (file != NULL)
		fclose(file);
	free(bytes);
}

static void run_corpus(void)
{
	const char *source = getenv("srcdir");
	struct dirent **names = NULL;
	char path[4096];
	int n;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/" TD_FUZZ_CORPUS, source ? source : ".");
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/" TD_FUZZ_CORPUS "/%s",
			 source ? source : ".", names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			run(path);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	if (argc < 2)
		run_corpus();
	if (n_inputs == 0)
		printf("not ok %u - tests/fuzz/corpus/" TD_FUZZ_CORPUS " has no files\n",
		       ++n_inputs);
	printf("1..%u\n", n_inputs);
	return 0;
}
