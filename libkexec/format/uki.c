// SPDX-License-Identifier: LGPL-2.1-or-later
#include "uki.h"

#include <errno.h>
#include <string.h>

#include "pe.h"

/* More than any image; "@4294967296" must not come out as "@0". */
#define PROFILE_MAX 10000

static const char *const names[KX_UKI_PART_COUNT] = {
	[KX_UKI_LINUX] = ".linux",     [KX_UKI_OSREL] = ".osrel",   [KX_UKI_CMDLINE] = ".cmdline",
	[KX_UKI_INITRD] = ".initrd",   [KX_UKI_UCODE] = ".ucode",   [KX_UKI_DTB] = ".dtb",
	[KX_UKI_UNAME] = ".uname",     [KX_UKI_PCRSIG] = ".pcrsig", [KX_UKI_PCRPKEY] = ".pcrpkey",
	[KX_UKI_PROFILE] = ".profile",
};

/* KX_UKI_PART_COUNT for a section of the stub's own. */
static enum kx_uki_part part_of(const struct kx_pe_section *section)
{
	int part = 0;

	while (part < KX_UKI_PART_COUNT && strcmp(section->name, names[part]) != 0)
		part++;
	return (enum kx_uki_part)part;
}

/* Sections between two .profile sections, and what they are put into. */
struct group {
	struct kx_view parts[KX_UKI_PART_COUNT];
	bool has[KX_UKI_PART_COUNT];
};

static int add(struct group *group, const struct kx_pe_section *section, struct kx_error *err)
{
	enum kx_uki_part part = part_of(section);

	if (part == KX_UKI_PART_COUNT)
		return 0;
	if (group->has[part])
		return kx_fail(err, EBADMSG, "malformed UKI: section %s is there twice",
			       names[part]);
	group->has[part] = true;
	group->parts[part] = section->content;
	return 0;
}

/* The profile's own sections override the base's. */
static void merge(struct kx_uki *uki, const struct group *base, const struct group *own)
{
	for (int i = 0; i < KX_UKI_PART_COUNT; i++) {
		const struct group *from = own->has[i] ? own : base;

		uki->parts[i] = from->parts[i];
		uki->has[i] = from->has[i];
	}
}

static bool is_ours(const struct kx_uki *uki)
{
	return uki->has[KX_UKI_LINUX] || uki->has[KX_UKI_CMDLINE] || uki->has[KX_UKI_INITRD] ||
	       uki->has[KX_UKI_UCODE] || uki->has[KX_UKI_DTB] || uki->hwids;
}

static bool by_hardware(const struct kx_pe_section *section)
{
	return !strcmp(section->name, ".dtbauto") || !strcmp(section->name, ".efifw");
}

static int read_sections(const struct kx_pe *pe, unsigned profile, struct kx_uki *uki,
			 struct kx_error *err)
{
	struct group base = { 0 }, own = { 0 }, other = { 0 }, *group = &base;
	int r = 0;

	for (size_t i = 0; r == 0 && i < pe->section_count; i++) {
		const struct kx_pe_section *section = &pe->sections[i];

		if (part_of(section) == KX_UKI_PROFILE) {
			other = (struct group){ 0 };
			group = uki->profile_count++ == profile ? &own : &other;
		}
		uki->hwids |= by_hardware(section);
		r = add(group, section, err);
	}
	merge(uki, &base, &own);
	return r;
}

int kx_uki_parse(struct kx_view file, unsigned profile, struct kx_uki *ret, struct kx_error *err)
{
	struct kx_uki uki = { 0 };
	struct kx_pe pe;
	int r = kx_pe_parse(file, &pe, err);

	if (r == 0)
		r = read_sections(&pe, profile, &uki, err);
	if (r < 0)
		return r;
	uki.machine = pe.machine;
	if (profile && profile >= uki.profile_count)
		return kx_fail(err, EOPNOTSUPP, "UKI has no profile @%u, it has %u", profile,
			       uki.profile_count);
	if (!is_ours(&uki))
		return kx_fail(err, ENOEXEC,
			       "PE file without a .linux section, or one of an add-on");
	*ret = uki;
	return 0;
}

const char *kx_uki_profile(const char *cmdline, unsigned *ret)
{
	const char *p = cmdline + 1;
	unsigned n = 0;

	*ret = 0;
	if (cmdline[0] != '@' || *p < '0' || *p > '9')
		return cmdline;
	for (; *p >= '0' && *p <= '9'; p++)
		n = n < PROFILE_MAX ? n * 10 + (unsigned)(*p - '0') : PROFILE_MAX;
	if (*p && *p != ' ')
		return cmdline;
	*ret = n;
	return *p ? p + 1 : p;
}
