/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers share. A fuzzer fails by a sanitizer's report or by require(): so that a parser which returns
 * something that its header promises not to return is caught even where no memory error follows from it.
 */
#ifndef KX_FUZZ_H
#define KX_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "libkexec.h"

/* The entry point that libFuzzer, or replay.c in its place, calls with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition)                                                                        \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* gcc says it by a macro, clang by a feature. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FUZZ_ASAN
#endif
#ifdef FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#else
#define __asan_region_is_poisoned(p, size) (p)
#endif

/*
 * Reads every byte, so that AddressSanitizer reports those that are not there. It is asked first: reading 64 KiB takes
 * longer than all else that is done with an input.
 */
static inline void touch(struct kx_view v)
{
	uint8_t sum = 0;

	if (!v.size || !__asan_region_is_poisoned((void *)(uintptr_t)v.data, v.size))
		return;
	for (size_t i = 0; i < v.size; i++)
		sum ^= v.data[i];
	__asm__ volatile("" : : "r"(sum));
}

/* Is all of @inner in @outer? An empty view may be anywhere. */
static inline bool inside(struct kx_view outer, struct kx_view inner)
{
	return !inner.size || (inner.data >= outer.data && inner.size <= outer.size &&
			       (size_t)(inner.data - outer.data) <= outer.size - inner.size);
}

/* A failure explains itself in one line. */
static inline void require_message(const struct kx_error *err)
{
	require(err->text[0]);
	require(memchr(err->text, 0, sizeof(err->text)));
	require(!strchr(err->text, '\n'));
}

#endif
