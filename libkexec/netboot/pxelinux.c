// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What PXELINUX has beside SYSLINUX's language: where its configuration is, what file names mean, and what it adds to the command
 * line. The SYSLINUX wiki's pages "PXELINUX" and "Config" (SYSAPPEND).
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "boot/loaders.h"
#include "netboot/netboot.h"
#include "util.h"

#define FOLDER "pxelinux.cfg/"

/* SYSAPPEND's bits; PXELINUX calls the first two IPAPPEND. */
enum { APPEND_IP = 1 << 0, APPEND_BOOTIF = 1 << 1, APPEND_UUID = 1 << 2 };

struct pxelinux {
	const struct kx_netboot_ops *ops;
	const char *url, *path; /* of the configuration, whose text is here */
	struct kx_view text;
	char *root; /* "https://host/" */
	const struct kx_netboot_setting *settings;
	size_t count;
	struct kx_error *err;
};

/* ---- files ----------------------------------------------------------------------------------- */

/* A name is an address of its own, "host::file" on another TFTP server, "::file" on this one from its root, or a path. */
static int address_of(const struct pxelinux *pxe, const char *path, char **ret)
{
	const char *colons = strstr(path, "::");
	_cleanup_free_ char *whole = NULL;

	if (!colons || kx_url_is_whole(path))
		return kx_url_resolve(pxe->root, path, ret, pxe->err);
	colons += strlen("::");
	if (asprintf(&whole, "%s%.*s/%s", colons - path > 2 ? "tftp://" : "",
		     (int)(colons - path) - 2, path, colons + strspn(colons, "/")) < 0) {
		whole = NULL;
		return kx_fail(pxe->err, ENOMEM, "out of memory");
	}
	return kx_url_resolve(pxe->root, whole, ret, pxe->err);
}

static int pxe_read(void *ctx, const char *device, const char *path, size_t max, char **ret,
		    size_t *ret_size)
{
	const struct pxelinux *pxe = ctx;
	_cleanup_free_ char *url = NULL;
	struct kx_error ignored = { 0 };
	char *copy;
	int r;

	if (strcmp(path, pxe->path) != 0) {
		r = address_of(pxe, path, &url);
		return r == 0 ? pxe->ops->get(pxe->ops->ctx, url, ret, ret_size, &ignored) : r;
	}
	copy = malloc(pxe->text.size + 1);
	if (!copy)
		return -ENOMEM;
	if (pxe->text.size)
		memcpy(copy, pxe->text.data, pxe->text.size);
	*ret = copy;
	*ret_size = pxe->text.size;
	return 0;
}

static int pxe_locate(void *ctx, const char *device, const char *path, char **ret)
{
	return address_of(ctx, path, ret);
}

/* ---- the command line ------------------------------------------------------------------------ */

static int add_word(char **line, const char *word)
{
	return kx_boot_join(line, kx_text_of(word));
}

static const char *setting(const struct pxelinux *pxe, const char *name)
{
	return kx_netboot_setting(pxe->settings, pxe->count, name);
}

/* The address as the kernel's ip= has it: Documentation/admin-guide/nfs/nfsroot.rst. */
static int append_ip(const struct pxelinux *pxe, char **line)
{
	const char *ip = setting(pxe, "ip"), *mask = setting(pxe, "netmask"),
		   *gateway = setting(pxe, "gateway"), *server = setting(pxe, "next-server");
	_cleanup_free_ char *word = NULL;

	if (!ip || !mask)
		return 0;
	if (asprintf(&word, "ip=%s:%s:%s:%s", ip, server ? server : "", gateway ? gateway : "",
		     mask) < 0) {
		word = NULL;
		return -ENOMEM;
	}
	return add_word(line, word);
}

/* "01-" is Ethernet, by the numbers of ARP. */
static int append_bootif(const struct pxelinux *pxe, char **line)
{
	const char *mac = setting(pxe, "mac");
	char word[64];

	if (!mac)
		return 0;
	snprintf(word, sizeof(word), "BOOTIF=01-%s", mac);
	for (char *c = word; *c; c++)
		*c = *c == ':' ? '-' : *c;
	return add_word(line, word);
}

static int append_uuid(const struct pxelinux *pxe, char **line)
{
	const char *uuid = setting(pxe, "uuid");
	char word[64];

	if (!uuid)
		return 0;
	snprintf(word, sizeof(word), "SYSUUID=%s", uuid);
	return add_word(line, word);
}

static int append(const struct pxelinux *pxe, unsigned bits, char **line)
{
	int r = 0;

	if (bits & APPEND_IP)
		r = append_ip(pxe, line);
	if (r == 0 && (bits & APPEND_BOOTIF))
		r = append_bootif(pxe, line);
	if (r == 0 && (bits & APPEND_UUID))
		r = append_uuid(pxe, line);
	return r;
}

static int take_entry(const struct pxelinux *pxe, const struct kx_boot_entry *entry,
		      struct kx_netboot *ret)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot out = { 0 };
	int r = 0;

	if (entry->problem || entry->type != KX_BOOT_LINUX)
		return kx_fail(pxe->err, EOPNOTSUPP, "cannot start \"%s\": it %s", entry->title,
			       entry->problem ? entry->problem : "is not Linux");
	if (entry->initrd_count > KX_NETBOOT_INITRDS_MAX)
		return kx_fail(pxe->err, E2BIG, "\"%s\" has %zu initrds, more than %u",
			       entry->title, entry->initrd_count, KX_NETBOOT_INITRDS_MAX);
	out.kernel = strdup(entry->kernel);
	out.cmdline = strdup(entry->options ? entry->options : "");
	if (!out.kernel || !out.cmdline)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < entry->initrd_count; i++)
		r = kx_names_add(&out.initrds, entry->initrds[i]);
	if (r == 0)
		r = append(pxe, entry->sysappend, &out.cmdline);
	if (r < 0)
		return kx_fail(pxe->err, -r, "out of memory");
	*ret = out;
	out = (struct kx_netboot){ 0 };
	return 0;
}

/* ---- the menu -------------------------------------------------------------------------------- */

static int choose(const struct pxelinux *pxe, const struct kx_boot_entries *entries, size_t *ret)
{
	_cleanup_free_ struct kx_netboot_item *items = calloc(entries->count + 1, sizeof(*items));
	struct kx_netboot_menu menu = { .title = pxe->root, .items = items };
	int r;

	if (!items)
		return kx_fail(pxe->err, ENOMEM, "out of memory");
	for (size_t i = 0; i < entries->count; i++) {
		const struct kx_boot_entry *entry = &entries->v[i];

		items[i] = (struct kx_netboot_item){ entry->id, entry->title };
		if (entry->is_default)
			menu.chosen = i;
	}
	menu.count = entries->count;
	menu.timeout = entries->timeout > 0 ? (uint64_t)entries->timeout * 1000 : 0;
	*ret = menu.chosen;
	if (entries->count < 2)
		return 0;
	r = pxe->ops->choose(pxe->ops->ctx, &menu, ret, pxe->err);
	if (r == 0 && *ret >= entries->count)
		return kx_fail(pxe->err, ECANCELED, "nothing was chosen");
	return r;
}

static int run(struct pxelinux *pxe, const char *folder, struct kx_netboot *ret)
{
	const struct kx_boot_fs fs = {
		.ctx = pxe,
		.read = pxe_read,
		.locate = pxe_locate,
	};
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { 0 };
	size_t chosen = 0;
	int r = kx_pxelinux_read(&fs, folder, pxe->path, &entries, pxe->err);

	if (r < 0)
		return r;
	if (!entries.count)
		return kx_fail(pxe->err, EBADMSG,
			       "%s is neither an iPXE script nor a PXELINUX configuration: it "
			       "has no LABEL",
			       kx_url_text(pxe->url).s);
	if (entries.count > KX_NETBOOT_ITEMS_MAX)
		return kx_fail(pxe->err, E2BIG, "a menu of more than %u entries",
			       KX_NETBOOT_ITEMS_MAX);
	r = choose(pxe, &entries, &chosen);
	return r == 0 ? take_entry(pxe, &entries.v[chosen], ret) : r;
}

/* Files are below the folder that pxelinux.cfg/ is in, or else beside the configuration. */
static char *folder_of(const char *path)
{
	size_t end = strcspn(path, "?#"), n = strlen(FOLDER);

	while (end && path[end - 1] != '/')
		end--;
	if (end > n && !strncmp(path + end - n, FOLDER, n) && path[end - n - 1] == '/')
		end -= n;
	return strndup(path, end ? end - 1 : 0);
}

int kx_pxelinux_run(const struct kx_netboot_ops *ops, const char *url, struct kx_view text,
		    const struct kx_netboot_setting *settings, size_t count, struct kx_netboot *ret,
		    struct kx_error *err)
{
	_cleanup_free_ char *root = NULL, *folder = NULL;
	struct pxelinux pxe = {
		.ops = ops, .url = url, .text = text, .settings = settings, .count = count
	};
	int r = kx_url_resolve(url, "/", &root, err);

	if (r < 0)
		return r;
	pxe.err = err;
	pxe.root = root;
	/* It begins with the slash that the root ends with, unless the address ends before. */
	pxe.path = strlen(url) >= strlen(root) ? url + strlen(root) - 1 : "/";
	folder = folder_of(pxe.path);
	return folder ? run(&pxe, folder, ret) : kx_fail(err, ENOMEM, "out of memory");
}

/* ---- the search ------------------------------------------------------------------------------ */

/* The client's address in hexadecimal, "C0A80001"; it is then tried with fewer and fewer digits. */
static void hex_address(const char *ip, char ret[9])
{
	unsigned a, b, c, d;

	ret[0] = '\0';
	if (ip && sscanf(ip, "%3u.%3u.%3u.%3u", &a, &b, &c, &d) == 4 && (a | b | c | d) < 256)
		snprintf(ret, 9, "%02X%02X%02X%02X", a, b, c, d);
}

static int add_names(const struct kx_netboot_setting *settings, size_t count,
		     struct kx_names *names)
{
	const char *uuid = kx_netboot_setting(settings, count, "uuid");
	const char *mac = kx_netboot_setting(settings, count, "mac");
	char text[64], hex[9];
	int r = uuid ? kx_names_add(names, uuid) : 0;

	if (r == 0 && mac) {
		snprintf(text, sizeof(text), "01-%s", mac);
		for (char *c = text; *c; c++)
			*c = *c == ':' ? '-' : (char)tolower((unsigned char)*c);
		r = kx_names_add(names, text);
	}
	hex_address(kx_netboot_setting(settings, count, "ip"), hex);
	for (size_t n = strlen(hex); r == 0 && n; hex[--n] = '\0')
		r = kx_names_add(names, hex);
	return r == 0 ? kx_names_add(names, "default") : r;
}

/* Return: 0 when it is there. */
static int try_name(const struct kx_netboot_ops *ops, const char *url, const char *name,
		    char **ret_url, char **ret_text, size_t *ret_size, struct kx_error *err)
{
	_cleanup_free_ char *reference = NULL, *whole = NULL;
	int r;

	if (asprintf(&reference, FOLDER "%s", name) < 0) {
		reference = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	r = kx_url_resolve(url, reference, &whole, err);
	if (r == 0)
		r = ops->get(ops->ctx, whole, ret_text, ret_size, err);
	if (r == 0)
		*ret_url = kx_steal(whole);
	return r;
}

int kx_pxelinux_search(const struct kx_netboot_ops *ops, const char *url,
		       const struct kx_netboot_setting *settings, size_t count,
		       struct kx_netboot *ret, struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	_cleanup_free_ char *found = NULL, *text = NULL;
	size_t size = 0;
	int r = add_names(settings, count, &names);

	if (r < 0)
		return kx_fail(err, -r, "out of memory");
	r = -ENOENT;
	for (size_t i = 0; r < 0 && r != -ENOMEM && i < names.count; i++)
		r = try_name(ops, url, names.v[i], &found, &text, &size, err);
	if (r < 0) {
		kx_error_prefix(err, "%s is no iPXE script, and has no " FOLDER "default",
				kx_url_text(url).s);
		return r;
	}
	return kx_pxelinux_run(ops, found, kx_view_of(text, size), settings, count, ret, err);
}
