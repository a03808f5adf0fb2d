// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/self/mountinfo and fstab(5), and where a path is on what they say. */
#include <errno.h>

#include "boot/volumes.h"
#include "fuzz.h"
#include "machine/text.h"
#include "util.h"

static void fuzz_locate(struct kx_volumes *volumes, const char *device, struct kx_view text)
{
	const struct kx_boot_fs fs = kx_volumes_fs(volumes);
	_cleanup_free_ char *path = NULL, *found = NULL;
	struct kx_view line;

	if (!kx_text_line(&text, &line))
		return;
	path = strndup((const char *)line.data, line.size);
	if (fs.locate(fs.ctx, device, path, &found) == 0)
		require(found[0]);
}

static void fuzz_table(struct kx_view text,
		       int (*parse)(struct kx_view text, struct kx_volumes *volumes))
{
	struct kx_volumes volumes = KX_VOLUMES_NONE;
	int r;

	volumes.live = true;
	r = parse(text, &volumes);
	require(r == 0 || r == -EBADMSG);
	require(volumes.count <= KX_VOLUMES_MAX);
	for (size_t i = 0; i < volumes.count; i++) {
		const struct kx_volume *v = &volumes.v[i];

		require(v->name && v->top);
		require(r < 0 || !i || strlen(v->top) <= strlen(volumes.v[i - 1].top));
		for (size_t j = 0; j < i; j++)
			require(strcmp(v->top, volumes.v[j].top) != 0);
		fuzz_locate(&volumes, v->name, text);
	}
	fuzz_locate(&volumes, "hd0,gpt1", text);
	kx_volumes_close(&volumes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_table(kx_view_of(data, size), kx_mountinfo_parse);
	fuzz_table(kx_view_of(data, size), kx_fstab_parse);
	return 0;
}
