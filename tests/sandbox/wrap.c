// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The linker puts this in the place of kx_sandbox_enter() (--wrap), in variants of our programs that only tests run.
 * KX_PROBE_END says what else somebody might do there, instead of the probe.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

/* The status of a process that was probed and did no work. */
#define PROBED 42
/* Where a plan is written to. */
#define RESULT 3

int real_enter(enum kx_sandbox kind, struct kx_error *err) __asm__("__real_kx_sandbox_enter");
int probed_enter(enum kx_sandbox kind, struct kx_error *err) __asm__("__wrap_kx_sandbox_enter");

/* A reader of menus that asks for the text at @url, and takes none of it: tools/netboot_menu.c has the message. */
static void ask_and_wait(const char *url)
{
	uint32_t head[8] = { 1, (uint32_t)strlen(url) + 1 };

	(void)!write(STDIN_FILENO, head, sizeof(head));
	(void)!write(STDIN_FILENO, url, head[1]);
	for (;;)
		pause();
}

static void end_as(const char *how)
{
	static const char garbage[] = "KXPLAN01 and what else somebody may write";

	if (!strncmp(how, "ask:", 4))
		ask_and_wait(how + 4);
	while (!strcmp(how, "drip"))
		sleep(write(STDIN_FILENO, "", 1) == 1 ? 1 : 100);

	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "garbage"))
		(void)!write(RESULT, garbage, sizeof(garbage));
	if (!strcmp(how, "hole"))
		(void)!ftruncate(RESULT, 3 << 20);
	if (!strcmp(how, "large"))
		(void)!ftruncate(RESULT, INT64_MAX);
	if (!strcmp(how, "terminal"))
		(void)!write(STDERR_FILENO, "a\033[2Jb", 6);
	_exit(!strcmp(how, "terminal") || !strcmp(how, "silence") ? 9 : 0);
}

int probed_enter(enum kx_sandbox kind, struct kx_error *err)
{
	const char *end = getenv("KX_PROBE_END");
	char result[1200];
	int r = real_enter(kind, err);

	if (r < 0)
		return r;
	if (end && *end)
		end_as(end);
	kx_probe(kind, result, sizeof(result));
	(void)!write(STDERR_FILENO, "probe: ", 7);
	(void)!write(STDERR_FILENO, result, strlen(result));
	_exit(PROBED);
}
