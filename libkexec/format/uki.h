/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unified kernel images and their add-ons: UAPI.5, "UKI Components", "PE Addons", "Multi-Profile UKIs". */
#ifndef KX_UKI_H
#define KX_UKI_H

#include "base/view.h"
#include "libkexec.h"

/* Sections that matter to us, each at most once in a profile. */
enum kx_uki_part {
	KX_UKI_LINUX,
	KX_UKI_OSREL,
	KX_UKI_CMDLINE,
	KX_UKI_INITRD,
	KX_UKI_UCODE,
	KX_UKI_DTB,
	KX_UKI_UNAME,
	KX_UKI_PCRSIG,
	KX_UKI_PCRPKEY,
	KX_UKI_PROFILE,
	KX_UKI_PART_COUNT
};

/**
 * struct kx_uki - what one profile of a file is made of; views lie within the file
 * @machine: KX_PE_*
 * @parts: of the profile, else of the base; @has tells an empty part from one that is not there
 * @profile_count: 0 in a file without profiles
 * @hwids: there are parts that are chosen by the hardware (.dtbauto, .efifw), which are not looked at
 */
struct kx_uki {
	uint16_t machine;
	struct kx_view parts[KX_UKI_PART_COUNT];
	bool has[KX_UKI_PART_COUNT];
	unsigned profile_count;
	bool hwids;
};

/**
 * kx_uki_parse() - read one profile of an image, or an add-on
 * @profile: as in "@1"; 0 is also right for a file without profiles
 *
 * An add-on has no .linux.
 *
 * Errors: -ENOEXEC not a PE file, or one with no section of a UKI or an add-on; -EBADMSG malformed, or a section is
 * there twice; -EOPNOTSUPP too many sections, or no such profile.
 */
int kx_uki_parse(struct kx_view file, unsigned profile, struct kx_uki *ret, struct kx_error *err);

/**
 * kx_uki_profile() - take "@N" off the front of a command line (UAPI.5, "Multi-Profile UKIs")
 *
 * Return: what is left of @cmdline. *ret is 0 when it names none.
 */
const char *kx_uki_profile(const char *cmdline, unsigned *ret);

#endif
