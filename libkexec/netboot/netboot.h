/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What boot menus on the network come to: iPXE scripts and PXELINUX configurations, as kernel, initrds and command line.
 *
 * Pure: whatever is fetched, asked or shown goes through struct kx_netboot_ops, so that all of it runs where nothing else can be
 * reached, and on a fuzzer's input.
 */
#ifndef KX_NETBOOT_H
#define KX_NETBOOT_H

#include "boot/boot.h"
#include "libkexec.h"
#include "machine/root.h"

/* A script or a configuration is a text for people; what is larger is something else. */
#define KX_NETBOOT_TEXT_MAX (1U << 20)
#define KX_NETBOOT_URL_MAX 4096U
/* The kernel takes 2048 bytes at most on x86, others up to twice that. */
#define KX_NETBOOT_STRING_MAX (16U << 10)
#define KX_NETBOOT_INITRDS_MAX 64U
#define KX_NETBOOT_ITEMS_MAX 1024U

/**
 * struct kx_netboot - what is to be started; all strings are its own
 * @kernel: its URL
 * @initrds: their URLs, in order
 * @files: to be put into the initrd, each as three strings: its URL, where it goes, and its permissions as "0644"
 * @cmdline: never NULL
 */
struct kx_netboot {
	char *kernel;
	struct kx_names initrds, files;
	char *cmdline;
};

/* Frees what is inside and leaves it empty. */
void kx_netboot_clear(struct kx_netboot *netboot);

/**
 * struct kx_netboot_item - a line of a menu
 * @name: NULL for a line that cannot be chosen
 */
struct kx_netboot_item {
	const char *name, *text;
};

/**
 * struct kx_netboot_menu - what is to be chosen from
 * @chosen: the default, an item with a name
 * @timeout: milliseconds until the default is taken; 0: wait for ever
 */
struct kx_netboot_menu {
	const char *title;
	const struct kx_netboot_item *items;
	size_t count, chosen;
	uint64_t timeout;
};

/**
 * struct kx_netboot_ops - what a menu needs of the world
 * @get: all of the text at @url, to be freed with free(). Errors: -EFBIG over KX_NETBOOT_TEXT_MAX, or no text: it is something
 *	 to start; -ENOMEM; any other means that it cannot be had, and a script may go on without it
 * @probe: could it be had, as far as can be told without fetching it? Errors as of @get
 * @choose: an item of @menu with a name. Errors: -ECANCELED by whoever is at the keyboard; any other ends the whole
 * @prompt: has a key been pressed before @timeout milliseconds were over, 0 for any time? @key: a certain one, as a number or a
 *	    character; NULL for any. Errors: -ECANCELED no; any other ends the whole
 * @read: a line from whoever is at the keyboard, to be freed with free(); @now is what it is when nothing is typed. Errors:
 *	  -ECANCELED by whoever is there, or by nobody before @timeout milliseconds were over, 0 for any time; any other ends the
 *	  whole
 * @say: a line for a person; control characters may be in it
 *
 * Each fills in @err when it fails.
 */
struct kx_netboot_ops {
	void *ctx;
	int (*get)(void *ctx, const char *url, char **ret, size_t *ret_size, struct kx_error *err);
	int (*probe)(void *ctx, const char *url, struct kx_error *err);
	int (*choose)(void *ctx, const struct kx_netboot_menu *menu, size_t *ret,
		      struct kx_error *err);
	int (*prompt)(void *ctx, const char *text, const char *key, uint64_t timeout,
		      struct kx_error *err);
	int (*read)(void *ctx, const char *setting, const char *now, uint64_t timeout, char **ret,
		    struct kx_error *err);
	void (*say)(void *ctx, const char *text);
};

/**
 * struct kx_netboot_setting - what a script may ask about the machine, by iPXE's name of it: "net0/mac", "uuid"
 */
struct kx_netboot_setting {
	const char *name, *value;
};

/**
 * kx_netboot_run() - from a menu to what it starts
 * @url: an iPXE script; a PXELINUX configuration; or, with a slash at its end, a folder in which PXELINUX would look for one
 * @settings: @count of them; "mac", "uuid" and "ip" also say which of the files in pxelinux.cfg/ is meant
 * @ret: to be cleared with kx_netboot_clear()
 *
 * Errors: -ECANCELED it ends without anything to start, or somebody wanted it so; -EBADMSG malformed; -EOPNOTSUPP what only
 * firmware or another boot loader can do; -E2BIG it goes on for ever; -ENOMEM; those of @ops.
 */
int kx_netboot_run(const struct kx_netboot_ops *ops, const char *url,
		   const struct kx_netboot_setting *settings, size_t count, struct kx_netboot *ret,
		   struct kx_error *err);

/* ---- the parts of it ------------------------------------------------------------------------- */

/* Does @text begin as an iPXE script does? */
bool kx_ipxe_is(struct kx_view text);

/* As kx_netboot_run(), of a script that has been fetched from @url. */
int kx_ipxe_run(const struct kx_netboot_ops *ops, const char *url, struct kx_view script,
		const struct kx_netboot_setting *settings, size_t count, struct kx_netboot *ret,
		struct kx_error *err);

/* The same of a PXELINUX configuration that has been fetched from @url; what it includes is not yet. */
int kx_pxelinux_run(const struct kx_netboot_ops *ops, const char *url, struct kx_view text,
		    const struct kx_netboot_setting *settings, size_t count, struct kx_netboot *ret,
		    struct kx_error *err);

/* The same of the one that PXELINUX would find in the folder @url, for this machine or for all. */
int kx_pxelinux_search(const struct kx_netboot_ops *ops, const char *url,
		       const struct kx_netboot_setting *settings, size_t count,
		       struct kx_netboot *ret, struct kx_error *err);

/**
 * kx_url_resolve() - a reference in a document, as a URL of its own: RFC 3986, 5.2
 * @base: where the document is
 *
 * ".." goes no further up than the server. Errors: -EBADMSG what no URL has in it, a blank or a control character, or no URL where
 * there has to be one; -E2BIG over KX_NETBOOT_URL_MAX; -ENOMEM.
 */
int kx_url_resolve(const char *base, const char *reference, char **ret, struct kx_error *err);

/* Does it begin with a scheme and "://"? */
bool kx_url_is_whole(const char *text);

/* The longest that an address is in a message. */
#define KX_URL_TEXT_MAX 512

struct kx_url_text {
	char s[KX_URL_TEXT_MAX];
};

/*
 * A URL for messages, without user, password, query and fragment, which are for its server alone; what is no URL, such as a path, as it
 * is. What is longer is cut.
 */
struct kx_url_text kx_url_text(const char *url);

/* The value of a setting, whichever interface's it is; NULL for none. */
const char *kx_netboot_setting(const struct kx_netboot_setting *settings, size_t count,
			       const char *name);

#endif
