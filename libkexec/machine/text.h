/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that the kernel prints, cut up through the bounded view. */
#ifndef KX_MACHINE_TEXT_H
#define KX_MACHINE_TEXT_H

#include <string.h>

#include "base/view.h"

/* A part that is not there is not written to. */
#define KX_MUST_CHECK __attribute__((warn_unused_result))

static inline struct kx_view kx_text_of(const char *s)
{
	return kx_view_of(s, strlen(s));
}

/* Cuts the first line off *rest, without its newline; false when there is nothing left. */
KX_MUST_CHECK bool kx_text_line(struct kx_view *rest, struct kx_view *ret);

/* Cuts the next word of non-blank bytes off *rest; false when there is none. */
KX_MUST_CHECK bool kx_text_word(struct kx_view *rest, struct kx_view *ret);

/* Cuts off *rest what precedes @separator, and the separator; all of it when there is none; false
 * when empty. */
KX_MUST_CHECK bool kx_text_field(struct kx_view *rest, char separator, struct kx_view *ret);

/* Without blanks and control characters at either end. */
struct kx_view kx_text_trim(struct kx_view text);

bool kx_text_is(struct kx_view text, const char *what);
bool kx_text_starts(struct kx_view text, const char *what);
bool kx_text_contains(struct kx_view text, const char *what);

/* Is @what one of the blank-separated words of @text? */
bool kx_text_has_word(struct kx_view text, const char *what);

/**
 * kx_text_u64() - all of @text as an unsigned number
 * @base: 10 or 16, with or without 0x; 0: 16 after 0x, else 10
 *
 * Return: false, and *ret untouched, when it is empty, has other characters, or does not fit.
 */
bool kx_text_u64(struct kx_view text, unsigned base, uint64_t *ret);

/* Bits of a base64 text that are left over from its lines so far. */
struct kx_base64 {
	unsigned bits, count;
};

/**
 * kx_text_base64() - decode one more line of base64 (RFC 4648, 4)
 * @to: three bytes for each four characters; may be where @line is
 *
 * What is none of its letters does not count. Return: how many bytes came of it.
 */
size_t kx_text_base64(struct kx_base64 *state, struct kx_view line, uint8_t *to);

/* A string of its own. Errors: -EBADMSG when there is a NUL in it; -ENOMEM. */
int kx_text_dup(struct kx_view text, char **ret);

#endif
