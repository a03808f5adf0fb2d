// SPDX-License-Identifier: GPL-2.0-or-later
/* A word to whoever waits, when something takes long. */
#include "tool.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "names.h"

/* Of a size that nobody knows, a line for each so many bytes. */
#define BAR_STEP (UINT64_C(16) << 20)
#define BAR_WIDTH 24

static char message[300];
static size_t message_size;

static void on_timer(int signal_number)
{
	ssize_t n = write(STDERR_FILENO, message, message_size);

	(void)n; /* nobody to tell */
}

void kx_progress_begin(const char *what)
{
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	struct itimerval second = { .it_value.tv_sec = 1 };

	if (!isatty(STDERR_FILENO))
		return;
	snprintf(message, sizeof(message), "kexec: %s ...\n", what);
	message_size = strlen(message);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &second, NULL);
}

void kx_progress_end(void)
{
	struct itimerval none = { 0 };

	setitimer(ITIMER_REAL, &none, NULL);
}

/* ---- of something that is counted ------------------------------------------------------------ */

static unsigned tenths_of(uint64_t done, uint64_t total)
{
	return (unsigned)((double)done / (double)total * 10);
}

/* One line, as wide as the terminal at most, over and over. */
static void draw(struct kx_bar *bar, uint64_t done, uint64_t total)
{
	static const char full[] = "########################", none[] = "........................";
	unsigned filled = total ? (unsigned)((double)done / (double)total * BAR_WIDTH) : 0;
	unsigned width = kx_style_of(stderr).width;
	char text[160];
	int size;

	if (total)
		size = snprintf(text, sizeof(text), "[%.*s%.*s] %s of %s ", (int)filled, full,
				(int)(BAR_WIDTH - filled), none, kx_size_text(done).s,
				kx_size_text(total).s);
	else
		size = snprintf(text, sizeof(text), "%s ", kx_size_text(done).s);
	fprintf(stderr, "\r\033[K%.*s", (int)width - 1, text);
	/* The end of an address says more than its beginning. */
	if ((int)width - 1 > size) {
		size_t room = width - 1 - (size_t)size, length = strlen(bar->what);

		kx_text_put(stderr, bar->what + (length > room ? length - room : 0));
	}
	fflush(stderr);
	bar->drawn = true;
}

static void say(struct kx_bar *bar, uint64_t done, uint64_t total)
{
	uint64_t step = total ? tenths_of(done, total) : done / BAR_STEP;

	/* A broken transfer that starts anew need not be told twice. */
	if (step <= bar->said)
		return;
	bar->said = step;
	if (total)
		kx_say("%s: %u%% of %s", bar->what, (unsigned)step * 10, kx_size_text(total).s);
	else
		kx_say("%s: %s", bar->what, kx_size_text(done).s);
}

void kx_bar_show(struct kx_bar *bar, uint64_t done, uint64_t total)
{
	/* Both come from somewhere else. */
	if (done > total)
		total = 0;
	if (isatty(STDERR_FILENO))
		draw(bar, done, total);
	else
		say(bar, done, total);
}

void kx_bar_break(struct kx_bar *bar)
{
	if (bar->drawn)
		fputc('\n', stderr);
	bar->drawn = false;
}
