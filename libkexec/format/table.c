// SPDX-License-Identifier: LGPL-2.1-or-later
/* The one list of formats, in the order in which they are tried. */
#include "format.h"

#include "base/overflow.h"
#include "source.h"

const struct kx_format *const kx_formats[] = {
	&kx_format_bzimage64,
	&kx_format_bzimage,
	/* Before plain ELF, since such a kernel expects what multiboot says. */
	&kx_format_multiboot2,
	&kx_format_multiboot,
	&kx_format_elf_x86_64,
	&kx_format_elf_x86,
	&kx_format_uki,
	&kx_format_nbi,
	&kx_format_beoboot,
	&kx_format_zboot,
	/* Headers first: compressed data may look like anything, and begin with two bytes by chance. */
	&kx_format_compressed,
	&kx_format_foreign,
	NULL,
};

const char *kx_format_name(size_t i)
{
	return i < KX_ARRAY_SIZE(kx_formats) && kx_formats[i] ? kx_formats[i]->name : NULL;
}

const char *kx_format_summary(size_t i)
{
	return i < KX_ARRAY_SIZE(kx_formats) && kx_formats[i] ? kx_formats[i]->summary : NULL;
}

int kx_format_probe(size_t i, const struct kx_request *request, struct kx_error *err)
{
	return kx_formats[i]->probe(request, kx_source_view(request->kernel), err);
}
