/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is ours for a while: its keys one by one, what is on its screen, and as it was before whatever ends that.
 *
 * What every terminal of the VT100's family understands (ECMA-48) and termios, no curses: those cannot start without a terminfo
 * database, which an initramfs has not, and whoever is at the other end of a serial line seldom says what they have.
 */
#ifndef KX_TERMINAL_H
#define KX_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <termios.h>

/**
 * struct kx_frame - what is on a screen
 * @line: of each row what prints it, and after those what puts the cursor where it is; NULL for nothing
 */
struct kx_frame {
	size_t rows, columns;
	char **line;
};

/* Errors: -ENOMEM. */
int kx_frame_init(size_t rows, size_t columns, struct kx_frame *ret);
void kx_frame_clear(struct kx_frame *frame);

/* How many columns are used: some terminals go on in the next row when the last one is written. */
size_t kx_terminal_width(size_t columns);

/* Puts text into a row, without its first @skip columns, in reverse if so wanted. No row, or no memory: nothing. */
void kx_frame_put(struct kx_frame *frame, size_t row, const char *text, size_t skip, bool reverse);

void kx_frame_cursor(struct kx_frame *frame, size_t row, size_t column, bool visible);

/**
 * kx_put_text() - text in @columns columns, without the first @skip
 *
 * Whoever chose the bytes, none of them moves the cursor, be it a control of one byte or of more: there is a "?" for each.
 *
 * Return: how many columns it took.
 */
size_t kx_put_text(FILE *out, const char *text, size_t skip, size_t columns);

/* Those that end us, that stop us or let us go on, and that of a new size. */
#define KX_TERMINAL_SIGNALS 7

/**
 * struct kx_terminal - standard input and output, a terminal
 * @was, @mask, @actions: as they were before it was ours
 * @ours: it is
 * @screen: all of its screen is used; else lines are
 * @shown: what is on the screen, as far as it is known
 */
struct kx_terminal {
	struct termios was;
	sigset_t mask;
	struct sigaction actions[KX_TERMINAL_SIGNALS];
	bool ours, screen;
	size_t rows, columns;
	struct kx_frame shown;
};

void kx_terminal_take(struct kx_terminal *terminal, bool screen);
void kx_terminal_give_back(struct kx_terminal *terminal);

/* In a process of its own: signals are as they were, but for those of the keys that stop. The parent keeps the terminal. */
void kx_terminal_forget(const struct kx_terminal *terminal);

/* Writes what is not on the screen yet: a serial line may be slow. Takes over what @frame holds. */
void kx_terminal_show(struct kx_terminal *terminal, struct kx_frame *frame);

/* All of it is to be written again, since somebody else wrote there. */
void kx_terminal_redraw(struct kx_terminal *terminal);

enum kx_terminal_event {
	KX_TERMINAL_INPUT,
	KX_TERMINAL_TIME,
	KX_TERMINAL_SIZE,
	KX_TERMINAL_RESUMED
};

/* Waits for something to read, for @ms, for ever if that is negative. Here signals are obeyed. */
enum kx_terminal_event kx_terminal_wait(struct kx_terminal *terminal, int ms);

#endif
