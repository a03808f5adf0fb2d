/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Boot Loader Specification (UAPI.1): entries of type 1, names with boot counters, the order of entries, and
 * systemd-boot's loader.conf(5) and choice of the default. No I/O.
 */
#ifndef KX_BOOT_BLS_H
#define KX_BOOT_BLS_H

#include "boot/boot.h"
#include "boot/lines.h"

/**
 * struct kx_bls - one file of loader/entries, its values as they are written
 * @kernel: "linux"; of this, @efi, @uki and @uki_url the last one that stands there, but for GRUB each
 * @options: of all lines, with a blank between
 * @initrd: one for each line
 * @profile: "profile": which one of a UKI
 * @id: Fedora's "id", unless it is the name of the file
 */
struct kx_bls {
	char *title, *version, *machine_id, *sort_key, *architecture;
	char *kernel, *efi, *uki, *uki_url, *options, *devicetree, *devicetree_overlay, *profile;
	char *id, *grub_users, *grub_class;
	struct kx_names initrd;
	unsigned option_lines, class_lines;
};

/**
 * kx_bls_parse() - read an entry
 *
 * Keys that are not known are skipped, as are unreadable lines: the entry is for newer boot loaders, too.
 *
 * Errors: -EBADMSG a NUL, or nothing to boot; -EFBIG too many initrds or lines of options; -ENOMEM.
 */
int kx_bls_parse(struct kx_view text, struct kx_bls *ret, struct kx_error *err);

/* Which of GRUB's commands reads: blscfg as Fedora's module blscfg has it, or as GRUB's own module blsuki does; or uki. */
enum kx_bls_command { KX_BLS_FEDORA, KX_BLS_BLSUKI, KX_BLS_UKI };

/*
 * The same as GRUB reads it: a line that has nothing behind its key, such as an empty one, ends the file; of the lines with one
 * key the first counts, of options, too; and for Fedora's it is the first blank of a line that ends the key, be it behind a tab.
 */
int kx_bls_parse_grub(struct kx_view text, enum kx_bls_command command, struct kx_bls *ret,
		      struct kx_error *err);
void kx_bls_clear(struct kx_bls *bls);

/**
 * struct kx_bls_name - the name of an entry's file
 * @id: without the boot counter
 * @tries_left: -1 without a counter; 0 makes the entry bad
 */
struct kx_bls_name {
	char *id;
	int tries_left, tries_done;
};

/* "x+3-1.conf" is the entry "x.conf" with 3 tries left and 1 done. Errors: -ENOMEM. */
int kx_bls_name(const char *file, struct kx_bls_name *ret);

/**
 * struct kx_bls_key - what entries are sorted by; NULL for what an entry does not say
 * @profile: which one of an image's; those of one image are in their own order
 */
struct kx_bls_key {
	const char *sort_key, *machine_id, *version;
	const struct kx_bls_name *name;
	unsigned profile;
};

/* As strcmp(3): less than 0 when @a stands above @b in the menu. */
int kx_bls_compare(const struct kx_bls_key *a, const struct kx_bls_key *b);

/* The same for two ids in the menu of Fedora's GRUB. Another one goes by kx_version_compare_files(). */
int kx_bls_compare_grub(const char *a, const char *b);

/* Is it an entry for @arch, as uname(2) names it? So it is when either is NULL. */
bool kx_bls_architecture(const char *architecture, const char *arch);

/**
 * struct kx_loader_conf - what loader.conf(5) says that matters here; NULL for nothing
 */
struct kx_loader_conf {
	char *default_pattern, *timeout;
};

/* Errors: -EBADMSG a NUL in it; -ENOMEM. */
int kx_loader_conf_parse(struct kx_view text, struct kx_loader_conf *ret, struct kx_error *err);
void kx_loader_conf_clear(struct kx_loader_conf *conf);

/**
 * struct kx_loader_vars - variables of the Boot Loader Interface; NULL for those that are not set
 * @info: LoaderInfo: which boot loader it was
 * @part_uuid: LoaderDevicePartUUID
 * @last: LoaderEntryLastBooted: what "@saved" stands for
 * @timeout: LoaderConfigTimeout
 * @timeout_once: LoaderConfigTimeoutOneShot
 * @count_path: LoaderBootCountPath: the file, named after its counter, of the entry that it started, with backslashes
 */
struct kx_loader_vars {
	char *info, *part_uuid, *oneshot, *default_id, *last, *count_path;
	char *timeout, *timeout_once;
};

/* "The Boot Loader Interface" of systemd has the variables' names and their vendor. */
#define KX_LOADER_VARIABLE "/sys/firmware/efi/efivars/%s-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

void kx_loader_vars_clear(struct kx_loader_vars *vars);

/**
 * kx_loader_default() - which of the entries systemd-boot starts by itself
 * @ids: in the order of the menu
 *
 * The variables go before loader.conf, LoaderEntryOneShot first of all. What matches nothing is passed over; then it is the
 * first entry.
 *
 * @ret_own: the name of an entry that systemd-boot makes itself, such as "auto-windows", when it is that one. Nobody looks
 *	     whether there is one, since what sets the variables has its names from systemd-boot
 *
 * Return: its index; @count when there is no entry, and with @ret_own.
 */
size_t kx_loader_default(const char *const *ids, size_t count, const struct kx_loader_vars *vars,
			 const struct kx_loader_conf *conf, const char **ret_own);

/*
 * How long systemd-boot shows its menu, as struct kx_boot_entries has it. The variables go before loader.conf; what is no number
 * and no word for one is passed over.
 */
int kx_loader_timeout(const struct kx_loader_vars *vars, const struct kx_loader_conf *conf);

/* ---- through the file system ----------------------------------------------------------------- */

/* Bytes of entries' files, and of the texts in unified kernel images, that are read for one menu. */
#define KX_BLS_READ_MAX (8U << 20)

/**
 * struct kx_bls_place - a partition with entries
 * @folder: where loader/entries and EFI/Linux are on it, "" for its root
 */
struct kx_bls_place {
	const char *device, *folder;
};

/**
 * kx_bls_read() - the menu of systemd-boot: types 1 and 2 of all places, sorted, with the default marked
 * @arch: as uname(2) has it: entries for others are left out; NULL keeps all
 * @conf: loader.conf, from whatever place it was
 *
 * An entry that cannot be read is in the list, with its problem.
 *
 * Errors: -E2BIG too many entries, or over KX_BLS_READ_MAX; -ENOMEM. That a place has none is no error.
 */
int kx_bls_read(const struct kx_boot_fs *fs, const struct kx_bls_place *places, size_t count,
		const char *arch, const struct kx_loader_vars *vars,
		const struct kx_loader_conf *conf, struct kx_boot_entries *ret,
		struct kx_error *err);

/**
 * kx_bls_read_grub() - what GRUB's command blscfg or uki finds, in its order, which knows no sort-key
 * @path: of a folder of entries, or of one that ends in ".conf", or for uki in ".efi"; absolute on @device
 * @budget: bytes that may be read; what is left of them
 *
 * What they say of files and options is as it is written: of lines from which GRUB makes a script of its own. A UKI that GRUB passes
 * over has a problem.
 *
 * Errors: -ENOENT; -E2BIG too many entries, or over @budget; -ENOMEM.
 */
int kx_bls_read_grub(const struct kx_boot_fs *fs, enum kx_bls_command command, const char *device,
		     const char *path, size_t *budget, struct kx_boot_entries *ret);

#endif
