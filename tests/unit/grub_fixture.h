/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A grub.cfg and some files beside it, evaluated; what the default entry's command line says is what the test looks at. */
#ifndef GRUB_FIXTURE_H
#define GRUB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "boot/grub.h"
#include "boot_files.h"
#include "util.h"

#define CFG "/boot/grub/grub.cfg"

struct grub {
	struct boot_files files;
	struct kx_boot_entries menu;
	struct kx_error err;
	int r;
};

static inline void grub_clear(struct grub *g)
{
	kx_boot_entries_clear(&g->menu);
}

#define _cleanup_grub_ _cleanup_(grub_clear)

/* With /k and /i to boot, and whatever the test has put into g->files. */
static inline void grub_read_bytes(struct grub *g, const char *text, size_t size)
{
	const struct kx_boot_fs fs = boot_files_fs(&g->files);
	struct kx_grub_config config = { .fs = &fs, .device = "hd0", .path = CFG };

	boot_file_bytes(&g->files, CFG, text, size);
	boot_file(&g->files, "/k", "kernel");
	boot_file(&g->files, "/i", "initrd");
	g->r = kx_grub_read(&config, &g->menu, &g->err);
}

static inline void grub_read(struct grub *g, const char *text)
{
	grub_read_bytes(g, text, strlen(text));
}

/* The default; where there is none, an entry of nothing but the word "none". */
static inline const struct kx_boot_entry *grub_default(const struct grub *g)
{
	static char none[] = "none";
	static struct kx_boot_entry nothing = {
		.id = none, .title = none, .kernel = none, .options = none
	};
	static char *initrds[] = { none };
	const struct kx_boot_entry *found = &nothing;

	nothing.initrds = initrds;
	for (size_t i = 0; i < g->menu.count; i++) {
		if (!g->menu.v[i].is_default)
			continue;
		assert_ptr_equal(found, &nothing);
		found = &g->menu.v[i];
	}
	return found;
}

/* What GRUB did to put it onto a command line. */
static inline void unquote(char *s)
{
	size_t n = strlen(s);
	char *to = s;

	if (n > 1 && s[0] == '"' && s[n - 1] == '"') {
		s[n - 1] = 0;
		s++;
	}
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = 0;
}

/* Runs @script, which says by `t WORDS` what came of it: "[2<a><b>]" for two words. */
static inline void assert_out(const char *script, const char *expected)
{
	_cleanup_grub_ struct grub g = { 0 };
	_cleanup_free_ char *text = NULL;
	const struct kx_boot_entry *entry;

	assert_true(
		asprintf(&text,
			 "function t { out=\"${out}[$#\"; for w in \"$@\"; do out=\"${out}<$w>\"; "
			 "done; out=\"${out}]\"; }\n%s\nmenuentry end { linux /k \"x$out\"; }\n",
			 script) > 0);
	grub_read(&g, text);
	assert_int_equal(g.r, 0);
	entry = grub_default(&g);
	if (entry->problem || !entry->options) {
		fail_msg("%s\nboots nothing", script);
		return;
	}
	unquote(entry->options);
	if (strcmp(entry->options + 1, expected) != 0)
		fail_msg("%s\ngives %s\nnot   %s", script, entry->options + 1, expected);
}

#endif
