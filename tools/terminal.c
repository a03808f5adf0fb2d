// SPDX-License-Identifier: GPL-2.0-or-later
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "base/overflow.h"
#include "util.h"

/* ---- what is on the screen ------------------------------------------------------------------- */

size_t kx_put_text(FILE *out, const char *text, size_t skip, size_t columns)
{
	size_t left = strlen(text), used = 0, at = 0;
	mbstate_t state = { 0 };

	while (left) {
		wchar_t wide = 0;
		size_t size = mbrtowc(&wide, text, left, &state);
		bool good = size && size <= left && iswprint((wint_t)wide) && wcwidth(wide) > 0;
		size_t width = good ? (size_t)wcwidth(wide) : 1;

		if (!size || size > left) {
			state = (mbstate_t){ 0 };
			size = 1;
		}
		if (at >= skip && used + width > columns)
			break;
		if (at >= skip) {
			fwrite(good ? text : "?", good ? size : 1, 1, out);
			used += width;
		} else if (at + width > skip) {
			putc(' ', out); /* half of it */
			used++;
		}
		at += width;
		text += size;
		left -= size;
	}
	return used;
}

int kx_frame_init(size_t rows, size_t columns, struct kx_frame *ret)
{
	char **line = calloc(rows + 1, sizeof(*line));

	if (!line)
		return -ENOMEM;
	*ret = (struct kx_frame){ rows, columns, line };
	return 0;
}

void kx_frame_clear(struct kx_frame *frame)
{
	for (size_t i = 0; frame->line && i <= frame->rows; i++)
		free(frame->line[i]);
	free(frame->line);
	*frame = (struct kx_frame){ 0 };
}

size_t kx_terminal_width(size_t columns)
{
	return columns > 1 ? columns - 1 : 1;
}

void kx_frame_put(struct kx_frame *frame, size_t row, const char *text, size_t skip, bool reverse)
{
	char *line = NULL;
	size_t size;
	FILE *out = row < frame->rows ? open_memstream(&line, &size) : NULL;

	if (!out)
		return;
	fputs(reverse ? "\033[7m" : "", out);
	kx_put_text(out, text, skip, kx_terminal_width(frame->columns));
	fputs(reverse ? "\033[0m" : "", out);
	if (fclose(out) == EOF) {
		free(line);
		return;
	}
	free(frame->line[row]);
	frame->line[row] = line;
}

void kx_frame_cursor(struct kx_frame *frame, size_t row, size_t column, bool visible)
{
	char **line = &frame->line[frame->rows];

	free(*line);
	if (asprintf(line, "\033[?25%c\033[%zu;%zuH", visible ? 'h' : 'l', row + 1, column + 1) < 0)
		*line = NULL;
}

static const char *line_of(const struct kx_frame *frame, size_t i)
{
	return frame->line && frame->line[i] ? frame->line[i] : "";
}

static void write_changes(FILE *out, const struct kx_frame *shown, const struct kx_frame *frame)
{
	size_t rows = frame->rows;
	bool moved = !shown->line;

	if (moved)
		fputs("\033[0m\033[2J", out);
	for (size_t i = 0; i < rows; i++)
		if (strcmp(line_of(shown, i), line_of(frame, i)) != 0) {
			fprintf(out, "\033[%zu;1H\033[K%s", i + 1, line_of(frame, i));
			moved = true;
		}
	if (moved || strcmp(line_of(shown, rows), line_of(frame, rows)) != 0)
		fputs(line_of(frame, rows), out);
}

void kx_terminal_show(struct kx_terminal *terminal, struct kx_frame *frame)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		kx_frame_clear(frame);
		return;
	}
	write_changes(out, &terminal->shown, frame);
	/* In one piece, so that nobody sees half of it. */
	if (fclose(out) == 0)
		fwrite(text, size, 1, stdout);
	fflush(stdout);
	kx_frame_clear(&terminal->shown);
	terminal->shown = *frame;
	*frame = (struct kx_frame){ 0 };
}

/* A serial line has no size; 80x24 is what its terminal has at least. */
void kx_terminal_redraw(struct kx_terminal *terminal)
{
	struct winsize size;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

	kx_frame_clear(&terminal->shown);
	terminal->rows = known && size.ws_row ? size.ws_row : 24;
	terminal->columns = known && size.ws_col ? size.ws_col : 80;
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static const int caught_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH,
};
_Static_assert(KX_ARRAY_SIZE(caught_signals) == KX_TERMINAL_SIGNALS, "one action for each");

/* A set: one of them must not hide another. All are below 32 (signal(7)). */
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught |= 1 << number;
}

/* They come while we wait for a key, and at no other time. */
static void catch_signals(struct kx_terminal *terminal)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t block;

	sigemptyset(&block);
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < KX_TERMINAL_SIGNALS; i++)
		sigaddset(&block, caught_signals[i]);
	sigprocmask(SIG_BLOCK, &block, &terminal->mask);
	for (size_t i = 0; i < KX_TERMINAL_SIGNALS; i++) {
		sigaction(caught_signals[i], NULL, &terminal->actions[i]);
		/* What is ignored stays so, as under nohup(1). */
		if (terminal->actions[i].sa_handler != SIG_IGN)
			sigaction(caught_signals[i], &action, NULL);
	}
}

static void restore_signals(const struct kx_terminal *terminal, bool may_stop)
{
	for (size_t i = 0; i < KX_TERMINAL_SIGNALS; i++)
		sigaction(caught_signals[i], &terminal->actions[i], NULL);
	/* One that is pending is gone with that. */
	if (!may_stop)
		signal(SIGTSTP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
}

static void make_ours(struct kx_terminal *terminal)
{
	struct termios raw = terminal->was;

	raw.c_lflag &= ~(tcflag_t)ICANON;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (terminal->screen) {
		raw.c_lflag &= ~(tcflag_t)(ECHO | IEXTEN);
		raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	/* Another screen, where the terminal has one. */
	fputs(terminal->screen ? "\033[?1049h" : "", stdout);
	fflush(stdout);
	kx_terminal_redraw(terminal);
	terminal->ours = true;
}

static void make_theirs(struct kx_terminal *terminal)
{
	if (!terminal->ours)
		return;
	terminal->ours = false;
	if (terminal->screen)
		printf("\033[0m\033[?25h\033[%zu;1H\r\n\033[?1049l", terminal->rows);
	fflush(stdout);
	kx_frame_clear(&terminal->shown);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->was);
}

void kx_terminal_take(struct kx_terminal *terminal, bool screen)
{
	terminal->screen = screen;
	tcgetattr(STDIN_FILENO, &terminal->was);
	catch_signals(terminal);
	make_ours(terminal);
}

void kx_terminal_give_back(struct kx_terminal *terminal)
{
	if (!terminal->ours)
		return;
	make_theirs(terminal);
	restore_signals(terminal, true);
}

void kx_terminal_forget(const struct kx_terminal *terminal)
{
	/* A child that is stopped would be waited for, and nobody could let it go on. */
	restore_signals(terminal, false);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* As if we had not been there. Only a stop ever comes back. */
static void obey(int number)
{
	struct sigaction plain = { .sa_handler = SIG_DFL }, ours;
	sigset_t one, before;

	sigaction(number, &plain, &ours);
	raise(number);
	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_UNBLOCK, &one, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(number, &ours, NULL);
}

static enum kx_terminal_event obey_signals(struct kx_terminal *terminal)
{
	int set = caught;

	caught = 0;
	if (set == 1 << SIGWINCH) {
		kx_terminal_redraw(terminal);
		return KX_TERMINAL_SIZE;
	}
	for (size_t i = 0; i < KX_TERMINAL_SIGNALS; i++) {
		int number = caught_signals[i];

		if (number == SIGWINCH || number == SIGCONT || !(set & 1 << number))
			continue;
		make_theirs(terminal);
		obey(number);
	}
	/* Whoever had it meanwhile, as a shell, may have made it theirs. */
	make_ours(terminal);
	return KX_TERMINAL_RESUMED;
}

enum kx_terminal_event kx_terminal_wait(struct kx_terminal *terminal, int ms)
{
	struct timespec limit = { ms / 1000, (long)(ms % 1000) * 1000000 };
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	int r = ppoll(&fd, 1, ms < 0 ? NULL : &limit, &terminal->mask);

	if (caught)
		return obey_signals(terminal);
	return r > 0 ? KX_TERMINAL_INPUT : KX_TERMINAL_TIME;
}
