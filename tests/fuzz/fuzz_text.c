// SPDX-License-Identifier: GPL-2.0-or-later
/* The other texts that a machine is read from: /proc/cpuinfo, the configuration, the command line. */
#include <errno.h>

#include "cmdline.h"
#include "fuzz.h"
#include "machine/readers.h"
#include "util.h"

static void fuzz_config(struct kx_view text)
{
	struct kx_config config = { 0 };
	struct kx_error err = { 0 };
	int r = kx_config_parse(text, &config, &err);

	require(r == 0 || r == -EBADMSG);
	if (r < 0)
		require_message(&err);
	require((config.kexec == KX_UNKNOWN) == (r < 0));
	kx_config_line_counts(text);
}

/* Every word lies in the text, in order, and its parts in it. */
static void fuzz_cmdline(const char *cmdline)
{
	struct kx_view text = kx_view_of(cmdline, strlen(cmdline));
	struct kx_machine machine = { .cmdline = (char *)(uintptr_t)cmdline };
	_cleanup_free_ char *reused = NULL;
	const char *pos = cmdline, *end = cmdline;
	struct kx_error err = { 0 };
	struct kx_word word;

	while (kx_cmdline_next(&pos, &word)) {
		struct kx_view raw = kx_view_of(word.raw, word.raw_size);

		require(word.raw >= end && raw.size && inside(text, raw));
		require(inside(raw, kx_view_of(word.name, word.name_size)));
		require(!word.value || inside(raw, kx_view_of(word.value, word.value_size)));
		end = word.raw + word.raw_size;
	}
	require(kx_cmdline_reuse(&machine, true, &reused, &err) == 0);
	require(strlen(reused) <= text.size);
	require(!kx_cmdline_find(reused, "crashkernel", &word) || !word.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view text = kx_view_of(data, size);
	struct kx_view flags = kx_cpuinfo_flags(text);
	_cleanup_free_ char *string = strndup((const char *)data, size);

	require(inside(text, flags));
	touch(flags);
	fuzz_config(text);
	fuzz_cmdline(string);
	return 0;
}
