// SPDX-License-Identifier: GPL-2.0-or-later
/* A word to whoever waits at a terminal, when something takes longer than a second. */
#include "tool.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

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
