/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of checksums: what sha256sum(1) writes, also with --tag, Debian's Release files, and .treeinfo. Pure. */
#ifndef KX_TOOL_SUMS_H
#define KX_TOOL_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/view.h"
#include "libkexec.h"

/**
 * struct kx_sum - one line of it
 * @name: as it is there, but for "./" at its beginning
 */
struct kx_sum {
	char *name;
	uint8_t digest[KX_SHA256_DIGEST_SIZE];
};

/**
 * struct kx_sums - a list
 * @where: what it was read as: names in it are relative to the directory of that, which may be a URL
 */
struct kx_sums {
	char *where;
	struct kx_sum *v;
	size_t count;
};

/**
 * kx_sums_parse() - take the SHA-256 checksums out of a text
 * @ret: zero-initialised; to be cleared with kx_sums_clear(), also after an error
 *
 * Lines that are none are left out, such as those of other checksums.
 *
 * Errors: -EBADMSG there is none in it, or it is a Release file at dists/RELEASE/ of another release; -E2BIG more than are taken; -ENOMEM.
 */
int kx_sums_parse(struct kx_view text, const char *where, struct kx_sums *ret,
		  struct kx_error *err);
void kx_sums_clear(struct kx_sums *sums);

/**
 * kx_sums_find() - which line is about a file
 * @name: a path or a URL
 * @ret: the list's
 *
 * Below the list's own directory it is the line of its whole path from there. Elsewhere, as for a list that was saved to a file, it is
 * the line whose whole name the path ends with; the longest one.
 *
 * Errors: -ENOENT none, without a message; -ENOTUNIQ two of them, with different checksums.
 */
int kx_sums_find(const struct kx_sums *sums, const char *name, const struct kx_sum **ret,
		 struct kx_error *err);

/* 64 digits in hexadecimal. Errors: -EINVAL, without a message. */
int kx_sum_parse(const char *text, size_t size, uint8_t ret[KX_SHA256_DIGEST_SIZE]);

/* For messages. */
struct kx_sum_text {
	char s[2 * KX_SHA256_DIGEST_SIZE + 1];
};

struct kx_sum_text kx_sum_text(const uint8_t digest[KX_SHA256_DIGEST_SIZE]);

#endif
