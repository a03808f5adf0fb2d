/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What pages hold that are looked for after a panic: each word is another one, so that a page that is
 * not where it belongs, or of another run, is not taken for the right one.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdint.h>

#define PATTERN_PAGE 4096
#define PATTERN_WORDS (PATTERN_PAGE / sizeof(uint64_t))

/* The finalizer of splitmix64. */
static inline uint64_t pattern_word(uint64_t seed, uint64_t page, uint64_t word)
{
	uint64_t x = seed + (page * PATTERN_WORDS + word + 1) * 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

#endif
