/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the next system is given of this one: its network (--keep-network), ssh keys (--ssh-keys), and files (--add). Files
 * go into an overlay, one more archive behind the other initrds; the network goes there or into words of the command line,
 * whichever the next system's first program understands. All of it is pure.
 */
#ifndef KX_CARRY_H
#define KX_CARRY_H

#include <stdio.h>

#include "base/view.h"
#include "libkexec.h"
#include "machine/network.h"

struct kx_plan;

/**
 * kx_carry() - put what the request asks for into the plan's command line and initrds
 *
 * Errors: -ENODATA when the network is not known; -EOPNOTSUPP what cannot be said so; -EINVAL a path; -EFBIG; -ENOMEM.
 */
int kx_carry(struct kx_plan *plan, struct kx_error *err);

/* ---- look: what an initrd has ---------------------------------------------------------------- */

/* Directories and links of all archives; a distribution's initrd has some thousands. */
#define KX_LOOK_MAX 65536
#define KX_LOOK_HOME_SIZE 64

/* @path: without a leading slash; @target: of a symbolic link, else NULL */
struct kx_look_entry {
	char *path, *target;
};

/* What tells one first program from another, by the paths in look.c. */
enum kx_look_mark {
	KX_LOOK_INSTALLER, /* Debian's */
	KX_LOOK_DRACUT,    /* words of dracut.cmdline(7) */
	KX_LOOK_DRACUT_FULL, /* several addresses for an interface, too: it has NetworkManager's or systemd's reader */
	KX_LOOK_DRACUT_CLASSIC, /* whose own reader stops the boot at that */
	KX_LOOK_NETWORKD,       /* systemd-networkd */
	KX_LOOK_INITRAMFS,      /* Debian's initramfs-tools */
	KX_LOOK_DROPBEAR,       /* an ssh server with keys of its own format */
	KX_LOOK_MARK_COUNT,
};

/**
 * struct kx_look
 * @whole: everything could be read
 * @marks: the path by which each was known, NULL for none; constants
 * @home: root's home, where it has another name than "root"; empty for none
 */
struct kx_look {
	bool whole;
	struct kx_look_entry *v;
	size_t count;
	const char *marks[KX_LOOK_MARK_COUNT];
	char home[KX_LOOK_HOME_SIZE];
};

/**
 * kx_look() - walk through initrds
 * @unpack_max: most bytes that an archive may take when unpacked
 * @ret: to be cleared with kx_look_clear()
 *
 * What cannot be read is no error, see @ret->whole. Errors: -ENOMEM.
 */
int kx_look(const struct kx_source *const *sources, size_t count, uint64_t unpack_max,
	    struct kx_look *ret, struct kx_error *err);
void kx_look_clear(struct kx_look *look);

/* ---- dropbear -------------------------------------------------------------------------------- */

/**
 * kx_dropbear_key() - a host key of OpenSSH's, as dropbear keeps it
 * @text: the file
 * @ret: malloc'ed, *ret_size bytes, secret
 * @ret_file: what it is called in /etc/dropbear; a constant
 *
 * Errors: -EBADMSG; -EOPNOTSUPP with a passphrase, in a format of before OpenSSH 7.8, or of a kind that dropbear has not; -ENOMEM.
 */
int kx_dropbear_key(struct kx_view text, uint8_t **ret, size_t *ret_size, const char **ret_file);

/* ---- overlay: files to be added -------------------------------------------------------------- */

#define KX_OVERLAY_MAX 512

/* @owned: @content, from malloc(); NULL when it is somebody else's */
struct kx_overlay_file {
	char *path;
	uint32_t mode;
	struct kx_view content;
	void *owned;
};

struct kx_overlay {
	struct kx_overlay_file v[KX_OVERLAY_MAX];
	size_t count;
};

/**
 * kx_overlay_add() - add a file
 * @path: with or without a leading slash; copied
 * @mode: permissions
 * @owned: taken over, even when it fails
 *
 * Errors: -EINVAL for a path with ".." or without a name; -EFBIG over KX_OVERLAY_MAX; -ENOMEM.
 */
int kx_overlay_add(struct kx_overlay *overlay, const char *path, uint32_t mode,
		   struct kx_view content, void *owned, struct kx_error *err);

/**
 * kx_overlay_pack() - make the archive, with the folders that @look has not
 * @ret: malloc'ed, *ret_size bytes
 *
 * A folder that is a symbolic link in the initrd is followed, since the kernel would put an empty one in its place
 * (init/initramfs.c, clean_path()).
 *
 * Errors: -ELOOP; -EFBIG; -ENOMEM.
 */
int kx_overlay_pack(const struct kx_overlay *overlay, const struct kx_look *look, uint8_t **ret,
		    size_t *ret_size, struct kx_error *err);
void kx_overlay_clear(struct kx_overlay *overlay);

/* ---- keep: what of the network is carried ---------------------------------------------------- */

#define KX_KEEP_LINK_MAX 64
#define KX_KEEP_ADDRESS_MAX 128
#define KX_KEEP_ROUTE_MAX 128

/* No link. */
#define KX_KEEP_NONE SIZE_MAX

/**
 * struct kx_keep_link - a link of the next system
 * @name: what it is called there
 * @master, @lower: as struct kx_net_link's, but positions in struct kx_keep, or KX_KEEP_NONE
 */
struct kx_keep_link {
	const struct kx_net_link *from;
	char name[KX_NET_NAME_SIZE];
	size_t master, lower;
};

struct kx_keep_address {
	const struct kx_net_address *from;
	size_t link;
};

struct kx_keep_route {
	const struct kx_net_route *from;
	size_t link;
};

/**
 * struct kx_keep - what a default route or an address on a card needs
 * @links: cards first, then what is built of them
 * @routes: default routes first, by their metric
 *
 * A bridge with one card is no bridge here: what else was in it were virtual machines.
 */
struct kx_keep {
	const struct kx_network *network;
	struct kx_keep_link links[KX_KEEP_LINK_MAX];
	struct kx_keep_address addresses[KX_KEEP_ADDRESS_MAX];
	struct kx_keep_route routes[KX_KEEP_ROUTE_MAX];
	size_t link_count, address_count, route_count;
};

/* Errors: -ENODATA, -E2BIG. */
int kx_keep_choose(const struct kx_network *network, struct kx_keep *ret, struct kx_error *err);

/* The link of the first default route of that family, else of the first address; KX_KEEP_NONE. */
size_t kx_keep_main(const struct kx_keep *keep, unsigned family);

/* Its default gateway; NULL for none. */
const struct kx_net_route *kx_keep_gateway(const struct kx_keep *keep, size_t link,
					   unsigned family);

/* Is @via within the network of an address of the link? */
bool kx_keep_reaches(const struct kx_keep *keep, size_t link, const struct kx_ip *via);

/* Its first address of that family; NULL for none. */
const struct kx_net_address *kx_keep_address(const struct kx_keep *keep, size_t link,
					     unsigned family);

/* What its card is known by, also where it is a slave: the permanent address, or the present one; NULL for none. */
const uint8_t *kx_keep_mac(const struct kx_net_link *link);

/* As text, for printf; struct so that it can be had in an expression. */
struct kx_ip_text {
	char s[48];
};
struct kx_ip_text kx_ip_text(const struct kx_ip *ip);
/* In brackets where it is an IPv6 one. */
struct kx_ip_text kx_ip_bracketed(const struct kx_ip *ip);
/* 24 as 255.255.255.0 */
struct kx_ip_text kx_ip_netmask(unsigned prefix);
/* "52:54:00:12:34:56", with that separator */
struct kx_ip_text kx_mac_text(const uint8_t *mac, char separator);

/* ---- renderers ------------------------------------------------------------------------------- */

/**
 * struct kx_render - where a renderer writes
 * @words: for the command line, each with a space behind it
 * @left: what cannot be said, each with "; " behind it
 * @full: several addresses for an interface are understood: KX_LOOK_DRACUT_FULL
 */
struct kx_render {
	FILE *words, *left;
	struct kx_overlay *overlay;
	bool full;
};

/**
 * struct kx_renderer - one way to say it: one file, one line in carry.c
 * @mark: the initrd in which it is understood; KX_LOOK_MARK_COUNT for none
 * @render: Errors: -EOPNOTSUPP when not even the way to the default gateway can be said; -ENOMEM and what adding a file
 *	says
 */
struct kx_renderer {
	const char *name;
	enum kx_keep_network id;
	enum kx_look_mark mark;
	int (*render)(const struct kx_keep *keep, struct kx_render *to, struct kx_error *err);
};

extern const struct kx_renderer kx_render_kernel, kx_render_dracut, kx_render_netcfg,
	kx_render_networkd;

/* For those that can say one card alone: what else there is goes to @to->left. */
void kx_render_rest(const struct kx_keep *keep, size_t link, const struct kx_net_address *said,
		    const struct kx_net_route *way, struct kx_render *to);

/* For the same: the card and its address. Errors: -EOPNOTSUPP. */
int kx_render_card(const struct kx_keep *keep, const char *name, bool ipv6, size_t *ret_link,
		   const struct kx_net_address **ret, struct kx_error *err);

#endif
