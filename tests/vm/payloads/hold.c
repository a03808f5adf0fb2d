// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hold SEED PAGES: fill pages with the pattern, print the number and physical address of each, and stay
 * in memory as a child of init when that is done.
 *
 * /proc/self/pagemap: Linux Documentation/admin-guide/mm/pagemap.rst.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pattern.h"

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FRAME ((1ULL << 55) - 1)

static int print_page(int pagemap, const uint64_t *page, uint64_t number)
{
	uint64_t entry = 0;
	off_t at = (uintptr_t)page / PATTERN_PAGE * sizeof(entry);

	if (pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry))
		return -1;
	if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_FRAME))
		return -1;
	printf("%llu %#llx\n", (unsigned long long)number,
	       (unsigned long long)(entry & PAGEMAP_FRAME) * PATTERN_PAGE);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc == 3 ? strtoull(argv[1], NULL, 0) : 0;
	uint64_t pages = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t *memory = mmap(NULL, pages * PATTERN_PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!pages || pagemap < 0 || memory == MAP_FAILED) {
		perror("hold SEED PAGES");
		return 1;
	}
	for (uint64_t i = 0; i < pages * PATTERN_WORDS; i++)
		memory[i] = pattern_word(seed, i / PATTERN_WORDS, i % PATTERN_WORDS);
	for (uint64_t i = 0; i < pages; i++) {
		if (print_page(pagemap, memory + i * PATTERN_WORDS, i)) {
			fprintf(stderr, "hold: no physical address of page %llu\n",
				(unsigned long long)i);
			return 1;
		}
	}
	fflush(stdout);
	/* The child shares the pages, and must not write to them: it would get others. No swap here. */
	if (fork())
		return 0;
	for (;;)
		pause();
}
