/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of options: parsing, help, man page and completions are checked against it. */
#ifndef KX_TOOL_OPTIONS_H
#define KX_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "libkexec.h"

/* Where an option is understood; a set. */
enum kx_verb {
	KX_CLASSIC = 1 << 0, /* no verb: kexec-tools' grammar */
	KX_PLAN = 1 << 1,
	KX_STATUS = 1 << 2,
	KX_CHECK = 1 << 3,
	KX_MACHINE = 1 << 4,
	KX_LAST = 1 << 5,
	KX_CRASH = 1 << 6,
	KX_LIST = 1 << 7,
	KX_LOAD = 1 << 8,
	KX_EXEC = 1 << 9,
	KX_UNLOAD = 1 << 10,
	KX_REBOOT = 1 << 11,
	KX_COLDREBOOT = 1 << 12,
	KX_MENU = 1 << 13,
	KX_NETBOOT = 1 << 14,
};

enum kx_option_group {
	KX_GROUP_ACTION,
	KX_GROUP_CALL,
	KX_GROUP_IMAGE,
	KX_GROUP_TRUST,
	KX_GROUP_PLACE,
	KX_GROUP_HANDOFF,
	KX_GROUP_CONSOLE,
	KX_GROUP_OUTPUT,
	KX_GROUP_NOT_BUILT,
	KX_GROUP_COUNT
};

enum kx_option_kind {
	KX_OPT_SET,       /* *(int *) = value */
	KX_OPT_FLAG,      /* request flags |= value */
	KX_OPT_UNFLAG,    /* request flags &= ~value */
	KX_OPT_WORD,      /* *(int *) = value + which of its words the argument is */
	KX_OPT_STRING,    /* *(const char **) = argument, the last one counts */
	KX_OPT_ADDRESS,   /* *(uint64_t *) = argument */
	KX_OPT_LIST,      /* one more string in a list; value is where its count is */
	KX_OPT_ACTION,    /* value is an enum kx_action */
	KX_OPT_STOP,      /* act at once, whatever follows: --help, --version, --print-ckr-size */
	KX_OPT_NOT_BUILT, /* understood, and refused by its name */
};

enum kx_action { KX_DO_LOAD, KX_DO_LOAD_PANIC, KX_DO_EXEC, KX_DO_FORCE, KX_DO_UNLOAD };

/**
 * struct kx_option - one option
 * @letter: short name, 0 for none
 * @name: long name
 * @arg: name of its argument, NULL when it takes none; of KX_OPT_WORD its words, "one|two"
 * @optional: the argument may be left out, and then is the first word
 * @verbs: set of enum kx_verb
 * @image: it describes an image, so that it makes no sense (and kexec-tools refuses it) where none
 * is loaded
 * @ours: unknown to kexec-tools 2.0.32: abbreviations of its options keep their meaning
 * @kind, @offset, @value: what it does to struct kx_args
 */
struct kx_option {
	char letter;
	const char *name;
	const char *arg;
	const char *help;
	unsigned verbs;
	bool image, ours, optional;
	enum kx_option_group group;
	enum kx_option_kind kind;
	size_t offset;
	uint64_t value;
};

extern const struct kx_option kx_options[];
extern const size_t kx_option_count;

/**
 * struct kx_pick - an entry that was chosen from the list of them
 * @index: in that list; it must still have @id
 * @cmdline: in place of the entry's own; NULL for that
 */
struct kx_pick {
	size_t index;
	const char *id;
	const char *cmdline;
};

/**
 * struct kx_args - a parsed command line
 * @load, @exec, @unload, @shutdown: what to do; options add up as in kexec-tools
 * @stop: the option that ended parsing, NULL for none
 * @not_built: the first option given that is not built yet, NULL for none
 * @image: the first option given that describes an image, NULL for none
 * @medium: the image of a disc that the load is out of; NULL for none
 * @ramdisk, @embedded: what --to-ram keeps in memory, or in an initrd; no option sets them
 * @drivers: an initrd for it, borrowed; NULL for none
 * @inputs: those of which some are opened already, borrowed; NULL for none
 * @pick: of `kexec menu`, no option; NULL for none
 */
struct kx_args {
	int load, exec, unload, shutdown, panic, load_asked;
	int status, no_sync, no_ifdown, debug, now, commit;
	int entry_mode;
	int method, args_style, check, fast;
	unsigned flags;
	const char *type, *append, *dtb, *serial, *baud, *machine, *save, *root, *kernel, *shrink,
		*timeout, *sums_signature, *keyring, *signature, *cacert, *fetch_timeout, *memdisk,
		*ramdisk, *embedded, *medium, *release, *mirror, *choose;
	int reuse_cmdline, reuse_initrd, json, svg, insecure, to_ram, keep_network, ssh_keys;
	int netboot, plan, reboot;
	uint64_t mem_min, mem_max, entry;
	const struct kx_source *drivers;
	struct kx_inputs *inputs;
	const char **initrds;
	size_t initrd_count;
	const char **modules;
	size_t module_count;
	const char **sha256;
	size_t sha256_count;
	const char **sums;
	size_t sums_count;
	const char **signed_by;
	size_t signed_by_count;
	const char **adds;
	const char **placed; /* what a menu puts into the initrd: as struct kx_netboot's files */
	size_t add_count, placed_count;
	const char **operands;
	size_t operand_count;
	const struct kx_option *stop, *not_built, *image;
	bool append_again;
	const struct kx_pick *pick;
};

/**
 * kx_args_parse() - parse argv[1] … argv[argc - 1] for @verb
 * @ret: to be cleared with kx_args_clear(), also after an error
 *
 * Errors: -EINVAL with the usage error in @err; -ENOMEM.
 */
int kx_args_parse(enum kx_verb verb, int argc, char **argv, struct kx_args *ret,
		  struct kx_error *err);
void kx_args_clear(struct kx_args *args);

/**
 * kx_args_copy() - the same, with lists of its own; strings stay the first one's
 * @ret: to be cleared with kx_args_clear(), also after an error
 *
 * Errors: -ENOMEM.
 */
int kx_args_copy(const struct kx_args *args, struct kx_args *ret);

/* What `kexec --help` or `kexec VERB --help` prints. */
void kx_help_print(FILE *out, enum kx_verb verb);
/* The part of it about types. */
void kx_help_print_types(FILE *out);

#endif
