/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people. */
#ifndef KX_TOOL_TEXT_H
#define KX_TOOL_TEXT_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct kx_style - what the reader's terminal can show
 * @width: columns
 */
struct kx_style {
	unsigned width;
	bool unicode, colour;
};

struct kx_style kx_style_of(FILE *out);

/*
 * As fputs(), but control characters come out as "?": whoever chose a command line or the name of a file does not get
 * to control the terminal.
 */
void kx_text_put(FILE *out, const char *text);

/* Words of @text in lines of at most @width columns, from @indent on; @used columns of the first
 * are taken. */
void kx_text_wrap(FILE *out, const char *text, unsigned used, unsigned indent, unsigned width);

/* "kexec: …" on standard error. */
void kx_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
