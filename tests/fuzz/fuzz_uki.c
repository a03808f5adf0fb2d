// SPDX-License-Identifier: GPL-2.0-or-later
/* The first byte is the profile that is asked for. */
#include <errno.h>

#include "format/pe.h"
#include "format/uki.h"
#include "fuzz.h"

static void require_sections(struct kx_view file, const struct kx_pe *pe)
{
	require(pe->section_count <= KX_PE_SECTION_MAX);
	require(inside(file, pe->certificates));
	for (size_t i = 0; i < pe->section_count; i++) {
		require(memchr(pe->sections[i].name, 0, sizeof(pe->sections[i].name)));
		require(inside(file, pe->sections[i].content));
		touch(pe->sections[i].content);
	}
}

static void require_parts(struct kx_view file, const struct kx_uki *uki, unsigned profile)
{
	require(!profile || profile < uki->profile_count);
	for (int i = 0; i < KX_UKI_PART_COUNT; i++) {
		require(inside(file, uki->parts[i]));
		require(uki->has[i] || !uki->parts[i].size);
		touch(uki->parts[i]);
	}
}

/* A section whose name is there twice before the first .profile is never taken. */
static void require_single(const struct kx_pe *pe)
{
	unsigned count = 0;

	for (size_t i = 0; i < pe->section_count && strcmp(pe->sections[i].name, ".profile") != 0;
	     i++)
		count += !strcmp(pe->sections[i].name, ".linux");
	require(count <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_error err = { 0 };
	struct kx_view file;
	struct kx_uki uki;
	struct kx_pe pe;
	int r;

	if (!kx_view_from(kx_view_of(data, size), 1, &file))
		return 0;
	r = kx_pe_parse(file, &pe, &err);
	require(r == 0 || r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
	if (r == 0)
		require_sections(file, &pe);
	else
		require_message(&err);
	r = kx_uki_parse(file, data[0], &uki, &err);
	require(r == 0 || r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
	if (r < 0)
		return 0;
	require_parts(file, &uki, data[0]);
	require_single(&pe);
	return 0;
}
