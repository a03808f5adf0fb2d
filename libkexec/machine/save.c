// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A capture is what kx_machine_read() read, copied while it reads. Left out are
 *   - the lines of /proc/iomem that tell where KASLR put the kernel,
 *   - the value of every word of the command line that looks like a secret (man/kexec.8 says
 *     which),
 *   - the lines of the kernel's configuration and of some files below /proc that nobody here looks
 * at. What boot loaders leave in setup_data, seeds among it, and EFI's variables but one are not
 * read at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "machine/machine.h"
#include "machine/readers.h"
#include "machine/save.h"
#include "machine/text.h"
#include "netboot/netboot.h" /* kx_url_text() */
#include "util.h"

static bool keep_iomem(struct kx_view line)
{
	/* "Kernel code", "Kernel rodata", "Kernel data", "Kernel bss": arch/x86/kernel/setup.c */
	return !kx_text_contains(line, " : Kernel ");
}

static bool keep_cpuinfo(struct kx_view line)
{
	return kx_text_starts(line, "flags") || kx_text_starts(line, "vendor_id") ||
	       kx_text_starts(line, "model name");
}

static bool keep_status(struct kx_view line)
{
	return kx_text_starts(line, "CapEff:") || kx_text_starts(line, "NSpid:");
}

static bool keep_meminfo(struct kx_view line)
{
	return kx_text_starts(line, "MemTotal:") || kx_text_starts(line, "MemAvailable:");
}

/* Only what is mounted on "/". */
static bool keep_mount(struct kx_view line)
{
	struct kx_view word = kx_view_of("", 0);

	for (unsigned i = 0; i < 5; i++)
		if (!kx_text_word(&line, &word))
			return false;
	return kx_text_is(word, "/");
}

/* What options are set there is not looked at. */
static bool keep_resolv(struct kx_view line)
{
	return kx_text_starts(line, "nameserver") || kx_text_starts(line, "search") ||
	       kx_text_starts(line, "domain");
}

static const struct {
	const char *start;
	bool (*keep)(struct kx_view line);
} line_filters[] = {
	{ "/proc/iomem", keep_iomem },
	{ "/proc/cpuinfo", keep_cpuinfo },
	{ "/proc/meminfo", keep_meminfo },
	{ "/proc/self/status", keep_status },
	{ "/proc/self/mountinfo", keep_mount },
	{ "/proc/config.gz", kx_config_line_counts },
	{ "/etc/resolv.conf", keep_resolv },
	{ "/run/systemd/resolve/resolv.conf", keep_resolv },
	{ "/run/NetworkManager/no-stub-resolv.conf", keep_resolv },
	{ "/boot/config-", kx_config_line_counts },
	{ "/usr/lib/modules/", kx_config_line_counts },
	{ "/lib/modules/", kx_config_line_counts },
};

/* @out has room for all of @in. */
static size_t filter_lines(struct kx_view in, bool (*keep)(struct kx_view), uint8_t *out)
{
	struct kx_view line;
	uint8_t *end = out;

	while (kx_text_line(&in, &line)) {
		if (!keep(line))
			continue;
		end = mempcpy(end, line.data, line.size);
		*end++ = '\n';
	}
	return (size_t)(end - out);
}

static bool has_secret_name(const char *text, size_t size)
{
	static const char *const names[] = { "key",   "psk",  "pass", "secret",
					     "token", "auth", "cred", "seed" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		for (size_t at = 0; at + strlen(names[i]) <= size; at++)
			if (!strncasecmp(text + at, names[i], strlen(names[i])))
				return true;
	return false;
}

/* A user before a host: http://user:password@host/, and netroot=iscsi:user:password@192.0.2.1. */
static bool names_user(const struct kx_word *word)
{
	bool is_root = memmem(word->name, word->name_size, "root", 4);
	const char *mark = is_root ? ":" : "://", *end = word->value + word->value_size;
	const char *user = memmem(word->value, word->value_size, mark, strlen(mark));

	return user && memchr(user, '@', (size_t)(end - user));
}

/* Rather a value too many than one too few: iommu.passthrough=1 is taken for a secret too. */
static bool word_is_secret(const struct kx_word *word)
{
	const char *last;

	if (!word->value)
		return false;
	/* A value may have names of its own: cifsroot=//s/x,user=u,pass=p */
	last = memrchr(word->name, '=', (size_t)(word->value + word->value_size - word->name));
	return has_secret_name(word->name, (size_t)(last - word->name)) || names_user(word);
}

/* @out has room for two bytes more than all of @text. */
static size_t filter_cmdline(const char *text, uint8_t *out)
{
	struct kx_word word;
	uint8_t *end = out;

	while (kx_cmdline_next(&text, &word)) {
		if (word_is_secret(&word)) {
			end = mempcpy(end, word.name, word.name_size);
			end = mempcpy(end, "=", 1);
		} else {
			end = mempcpy(end, word.raw, word.raw_size);
		}
		*end++ = ' ';
	}
	if (end > out)
		end--;
	*end++ = '\n';
	return (size_t)(end - out);
}

/* Makes the folders above @path. Return: a descriptor of the last one, *ret_name the name in it. */
static int open_parent(int fd, const char *path, const char **ret_name)
{
	_cleanup_(kx_closep) int folder = dup(fd);

	if (folder < 0)
		return -errno;
	for (;;) {
		char name[NAME_MAX + 1];
		size_t n;
		int next;

		while (*path == '/')
			path++;
		n = strcspn(path, "/");
		if (!path[n])
			break;
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		if (mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		next = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		close(folder);
		folder = next;
		path += n;
	}
	*ret_name = path;
	fd = folder;
	folder = -1;
	return fd;
}

static void save_failed(struct kx_root *root, const char *path, int r)
{
	if (r >= 0 || root->save_err)
		return;
	root->save_err = kx_fail(&root->save_error, -r, "cannot save %s: %s", path, strerror(-r));
}

static int write_file(int fd, const char *path, const uint8_t *data, size_t size)
{
	_cleanup_(kx_closep) int folder = -1;
	_cleanup_(kx_closep) int file = -1;
	const char *name = NULL;
	ssize_t n;

	folder = open_parent(fd, path, &name);
	if (folder < 0)
		return folder;
	file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (file < 0)
		return -errno;
	while (size) {
		n = write(file, data, size);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

void kx_save_file(struct kx_root *root, const char *path, const struct kx_blob *blob)
{
	_cleanup_free_ uint8_t *out = malloc(blob->size + 2);
	struct kx_view in = kx_blob_view(blob);

	if (!out) {
		save_failed(root, path, -ENOMEM);
		return;
	}
	/* A compressed configuration is saved once it is plain. */
	if (kx_view_equals(in, 0, "\x1f\x8b", 2))
		return;
	for (size_t i = 0; i < KX_ARRAY_SIZE(line_filters); i++)
		if (!strncmp(path, line_filters[i].start, strlen(line_filters[i].start)))
			in = kx_view_of(out, filter_lines(in, line_filters[i].keep, out));
	if (!strcmp(path, "/proc/cmdline"))
		in = kx_view_of(out, filter_cmdline((const char *)blob->data, out));
	save_failed(root, path, write_file(root->save_fd, path, in.data, in.size));
}

/* A link to @target, or a folder for NULL. */
static int write_entry(int fd, const char *path, const char *target)
{
	_cleanup_(kx_closep) int folder = -1;
	const char *name = NULL;
	int r;

	folder = open_parent(fd, path, &name);
	if (folder < 0)
		return folder;
	r = target ? symlinkat(target, folder, name) : mkdirat(folder, name, 0755);
	return r < 0 && errno != EEXIST ? -errno : 0;
}

void kx_save_link(struct kx_root *root, const char *path, const char *target)
{
	save_failed(root, path, write_entry(root->save_fd, path, target));
}

void kx_save_folder(struct kx_root *root, const char *path)
{
	save_failed(root, path, write_entry(root->save_fd, path, NULL));
}

/* What /proc/iomem says is for root's eyes, and so is a copy. */
static int make_save_folder(const char *dir, struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	_cleanup_(kx_root_close) struct kx_root there = KX_ROOT_NONE;
	int fd, r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return kx_fail(err, errno, "cannot make the directory %s: %m", kx_url_text(dir).s);
	r = kx_root_open(dir, &there, err);
	if (r >= 0) {
		r = kx_root_list(&there, ".", &names);
		if (r < 0)
			kx_fail(err, -r, "cannot read the directory %s: %s", dir, strerror(-r));
	}
	if (r < 0)
		return r;
	if (names.count)
		return kx_fail(err, EEXIST,
			       "cannot save to %s: it is there and not empty; name a new directory",
			       dir);
	fd = there.fd;
	there.fd = -1;
	return fd;
}

int kx_machine_save(const char *path, const char *dir, struct kx_error *err)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	_cleanup_(kx_closep) int save_fd = -1;
	struct kx_machine *machine;
	int r;

	r = kx_root_open(path, &root, err);
	if (r < 0)
		return r;
	save_fd = make_save_folder(dir, err);
	if (save_fd < 0)
		return save_fd;
	root.save_fd = save_fd;
	r = kx_machine_read_root(&root, path, &machine, err);
	if (r < 0)
		return r;
	kx_machine_free(machine);
	if (root.save_err)
		*err = root.save_error;
	return root.save_err;
}
