/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iPXE's scripting language, as ipxe.org/scripting and the pages of ipxe.org/cmd and ipxe.org/cfg describe it, and where they are
 * silent as iPXE itself behaves.
 */
#ifndef KX_NETBOOT_IPXE_H
#define KX_NETBOOT_IPXE_H

#include "netboot/netboot.h"

/* A script that takes more than this goes round in circles: of commands, and of bytes that are looked at. */
#define KX_IPXE_STEPS_MAX 4000U
#define KX_IPXE_WORK_MAX (16U << 20)
#define KX_IPXE_DEPTH_MAX 16U
#define KX_IPXE_SETTINGS_MAX 512U
#define KX_IPXE_WORDS_MAX 512U
#define KX_IPXE_MENUS_MAX 16U
#define KX_IPXE_IMAGES_MAX (KX_NETBOOT_INITRDS_MAX + 1U)

/**
 * struct kx_ipxe_settings - what scripts and the machine have set; a value may be any bytes but NUL
 */
struct kx_ipxe_settings {
	struct kx_ipxe_setting {
		char *name, *value;
	} * v;
	size_t count;
};

void kx_ipxe_settings_clear(struct kx_ipxe_settings *settings);

/**
 * kx_ipxe_set() - set @name, which may have a type: "space:hex"
 * @value: NULL takes it away
 *
 * Errors: -EBADMSG a value that is none of that type; -EOPNOTSUPP another type; -E2BIG; -ENOMEM.
 */
int kx_ipxe_set(struct kx_ipxe_settings *settings, const char *name, const char *value,
		struct kx_error *err);

/**
 * kx_ipxe_expand() - @text with "${name}" and "${name:type}" replaced, also one inside another
 * @work: goes up by the bytes that are moved for it
 *
 * What is not set is empty, as is a name with a type that iPXE has not. Errors: -E2BIG over KX_NETBOOT_STRING_MAX, or without an
 * end; -EOPNOTSUPP a type that is not known here; -ENOMEM.
 */
int kx_ipxe_expand(const struct kx_ipxe_settings *settings, const char *text, uint64_t *work,
		   char **ret, struct kx_error *err);

/* The value of @name without a type; NULL for none. */
const char *kx_ipxe_get(const struct kx_ipxe_settings *settings, const char *name);

#endif
