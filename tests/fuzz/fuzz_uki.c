// SPDX-License-Identifier: GPL-2.0-or-later
/* The first byte is the profile that is asked for. What follows is an image, and an add-on to it and to another one. */
#include <errno.h>

#include "../unit/sample_pe.h"
#include "format/format.h"
#include "format/pe.h"
#include "format/uki.h"
#include "fuzz_plan.h"

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

/* One for all inputs, and any add-on: it says neither for which kernel nor has it a command line. */
static struct kx_view plain_image(void)
{
	static struct sample s;

	if (!s.data) {
		s = sample_pe(KX_PE_X86_64);
		sample_pe_text(&s, ".linux", "kernel");
	}
	return kx_view_of(s.data, s.size);
}

static void require_unwrapped(const struct kx_plan *plan, struct kx_view image)
{
	require(inside(image, kx_source_view(plan->request.kernel)));
	require(!plan->request.companion_count && !plan->request.global_companion_count);
	for (size_t i = 0; i < plan->request.initrd_count; i++)
		touch(kx_source_view(plan->request.initrds[i]));
	require(plan->request.cmdline == plan->cmdline);
	for (const char *c = plan->cmdline; *c; c++)
		require((unsigned char)*c >= ' ');
}

/* @image with all kinds of companions, whose content is @beside. */
static void unwrap(struct kx_view image, struct kx_view beside)
{
	static const char *const names[] = { "a.addon.efi", "a.cred", "b.addon.efi",
					     "b.cred",      "b.raw",  "b.confext.raw" };
	struct kx_plan *plan = calloc(1, sizeof(*plan));
	struct kx_source *kernel = source_of(image.data, image.size), *list[6];
	struct kx_error err = { 0 };
	int r;

	for (size_t i = 0; i < 6; i++)
		require(kx_source_from_memory(names[i], beside.data, beside.size, &list[i], &err) ==
			0);
	plan->request = (struct kx_request){ .kernel = kernel,
					     .companions = (const struct kx_source *const *)list,
					     .companion_count = 6,
					     .global_companion_count = 2 };
	plan->cmdline = strdup("");
	r = kx_format_uki.unwrap(plan, image, &err);
	require(r == 0 || r == -ENOSPC || r == -EFBIG);
	if (r == 0)
		require_unwrapped(plan, image);
	kx_plan_free(plan);
	for (size_t i = 0; i < 6; i++)
		kx_source_free(list[i]);
	kx_source_free(kernel);
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
	if (!data[0] && uki.has[KX_UKI_LINUX])
		unwrap(file, file);
	else if (!data[0])
		unwrap(plain_image(), file);
	return 0;
}
