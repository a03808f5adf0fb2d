/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `kexec netboot NAME` knows of a distribution: one file each, kexec-netboot(5). Pure. */
#ifndef KX_NETBOOT_DISTRO_H
#define KX_NETBOOT_DISTRO_H

#include "base/view.h"
#include "netboot/netboot.h"

#define KX_DISTRO_SIZE_MAX (64U << 10)
#define KX_DISTRO_PAIRS_MAX 64U

/**
 * struct kx_distro_pair - how something is called there: "release.12 = bookworm", "arch.x86_64 = amd64"
 */
struct kx_distro_pair {
	char *name, *value;
};

/**
 * struct kx_distro - a file as it is written, placeholders and all; strings are its own, NULL for what is not in it
 * @mirror: an address without a slash at its end
 * @script: an iPXE script, instead of @kernel and @initrds
 * @release_file: signed, with the SHA-256 of @sums in it: Debian's InRelease
 * @sums: lists the SHA-256 of kernel and initrds
 * @sums_signature: of @sums, by OpenPGP
 * @keyrings: files to look for, the first that is there counts
 * @serial: words of the command line where there is a serial console
 * @memory: the least that the system started needs, in bytes; 0 for not known
 */
struct kx_distro {
	char *title, *release, *mirror;
	char *kernel, *script, *cmdline, *serial;
	char *release_file, *sums, *sums_signature;
	struct kx_names initrds, keyrings;
	struct kx_distro_pair releases[KX_DISTRO_PAIRS_MAX], archs[KX_DISTRO_PAIRS_MAX];
	size_t release_count, arch_count;
	uint64_t memory;
};

/**
 * kx_distro_parse() - read such a file
 * @name: of the file, for messages
 * @ret: to be cleared with kx_distro_clear()
 *
 * Errors: -EBADMSG with the line's number, or what is missing; -E2BIG more than a cap; -ENOMEM.
 */
int kx_distro_parse(const char *name, struct kx_view text, struct kx_distro *ret,
		    struct kx_error *err);
void kx_distro_clear(struct kx_distro *distro);

/**
 * struct kx_distro_choice - what the placeholders stand for; NULL for what the file says
 * @arch: uname(2)'s
 */
struct kx_distro_choice {
	const char *release, *mirror, *arch;
};

/**
 * struct kx_distro_order - the same with addresses: what is to be fetched, and by what it is trusted
 *
 * @release_file, @sums and @sums_signature are NULL for none; @script is alone.
 */
struct kx_distro_order {
	char *release, *mirror, *arch;
	char *kernel, *script, *cmdline;
	char *release_file, *sums, *sums_signature;
	struct kx_names initrds;
};

/**
 * kx_distro_order() - put the placeholders in
 * @has_serial: the command line gets @distro->serial, too
 * @ret: to be cleared with kx_distro_order_clear()
 *
 * Errors: -EINVAL a release or mirror that cannot be one; -EOPNOTSUPP not for this architecture; -EBADMSG no address comes of it;
 * -ENOMEM.
 */
int kx_distro_order(const struct kx_distro *distro, const struct kx_distro_choice *choice,
		    bool has_serial, struct kx_distro_order *ret, struct kx_error *err);
void kx_distro_order_clear(struct kx_distro_order *order);

#endif
