// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzzer's function on each file in the directories named, without libFuzzer: every seed, and every input that
 * once failed, is a test. A copy of just its size is passed, so that AddressSanitizer sees a read past the end.
 */
#include <dirent.h>
#include <errno.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)

static int replay(const char *dir, const char *name)
{
	static uint8_t buf[INPUT_MAX];
	char path[4096];
	uint8_t *copy;
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f) {
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
		return -1;
	}
	size = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	copy = malloc(size ? size : 1);
	require(copy);
	memcpy(copy, buf, size);
	/* Should it fail, the last line printed is the input. */
	fprintf(stderr, "%s: %zu bytes\n", path, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 0;
}

/* How many files there were, or -1. */
static int replay_dir(const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int count = 0;

	if (!d) {
		fprintf(stderr, "cannot open %s: %s\n", dir, strerror(errno));
		return -1;
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(dir, entry->d_name) < 0) {
			closedir(d);
			return -1;
		}
		count++;
	}
	closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = replay_dir(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	fprintf(stderr, "%d inputs\n", total);
	/* A test that had nothing to test has not passed. */
	return total ? 0 : 1;
}
