// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies beside a unified kernel image, as systemd-stub(7), "Companion Files", finds it. */
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "url.h"
#include "util.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* The EFI system partition's file system knows no case. */
static bool is_named(const struct dirent *entry, const char *suffix)
{
	size_t size = strlen(entry->d_name), end = strlen(suffix);

	return entry->d_name[0] != '.' && entry->d_type != DT_DIR && size > end &&
	       !strcasecmp(entry->d_name + size - end, suffix);
}

static int is_addon(const struct dirent *entry)
{
	return is_named(entry, ".addon.efi");
}

static int is_credential(const struct dirent *entry)
{
	return is_named(entry, ".cred");
}

static int is_companion(const struct dirent *entry)
{
	return is_addon(entry) || is_credential(entry) || is_named(entry, ".raw");
}

/* In the order of bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Cuts "+LEFT-DONE" out of "debian+3-1.efi": counters of systemd's automatic boot assessment. */
static void drop_counter(char *path)
{
	char *plus = strrchr(path, '+'), *end = plus;

	do {
		size_t digits = end ? strspn(++end, "0123456789") : 0;

		if (!digits)
			return;
		end += digits;
	} while (*end == '-');
	if (!strcasecmp(end, ".efi"))
		memmove(plus, end, strlen(end) + 1);
}

/* Cuts the last name off, if it is this one. */
static bool drop_name(char *path, const char *name)
{
	char *slash = strrchr(path, '/');

	if (!slash || (name && strcasecmp(slash + 1, name) != 0))
		return false;
	*slash = '\0';
	return true;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int add_file(const char *dir, const char *name, struct kx_order *order, struct kx_error *err)
{
	_cleanup_free_ char *path = NULL;
	struct kx_source **more = reallocarray(order->companions, order->companion_count + 1,
					       sizeof(struct kx_source *));
	int r;

	if (more)
		order->companions = more;
	if (!more || asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	r = kx_source_open(path, 0, &more[order->companion_count], err);
	if (r == -EISDIR) /* through a link, or on a file system that does not tell at once */
		return 0;
	if (r == -ENODATA)
		r = kx_source_from_memory(path, "", 0, &more[order->companion_count], err);
	order->companion_count += r == 0;
	return r;
}

/* Most kernels have no such directory, and then there is nothing to say. */
static int add_directory(const char *where, const char *what, int (*filter)(const struct dirent *),
			 struct kx_order *order, struct kx_error *err)
{
	_cleanup_free_ char *dir = NULL;
	struct dirent **entries = NULL;
	int count, r = 0;

	if (asprintf(&dir, "%s%s", where, what) < 0) {
		dir = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	count = scandir(dir, &entries, filter, by_name);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = add_file(dir, entries[i]->d_name, order, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* Images lie in /EFI/Linux of the boot partition (UAPI.1, "Type #2"): so that partition is not asked for. */
static int add_global(const char *kernel, struct kx_order *order, struct kx_error *err)
{
	_cleanup_free_ char *root = strdup(kernel);
	int r;

	if (!root)
		return kx_fail(err, ENOMEM, "out of memory");
	if (!drop_name(root, NULL) || !drop_name(root, "Linux") || !drop_name(root, "EFI"))
		return 0;
	r = add_directory(root, "/loader/addons", is_addon, order, err);
	return r < 0 ? r : add_directory(root, "/loader/credentials", is_credential, order, err);
}

int kx_order_open_companions(const char *kernel, struct kx_order *order, struct kx_error *err)
{
	/* The stub sees no links, since there are none on that partition. */
	_cleanup_free_ char *path = kx_url_is(kernel) ? NULL : realpath(kernel, NULL);
	int r;

	if (!path)
		return 0;
	r = add_global(path, order, err);
	order->global_companion_count = order->companion_count;
	drop_counter(path);
	return r < 0 ? r : add_directory(path, ".extra.d", is_companion, order, err);
}
