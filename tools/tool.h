/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command's files share. */
#ifndef KX_TOOL_H
#define KX_TOOL_H

#include "boot/discover.h"
#include "boot/effects.h"
#include "libkexec.h"
#include "options.h"
#include "text.h"

/* Exit status of verbs; the classic grammar has kexec-tools' own. */
enum { KX_EXIT_YES = 0, KX_EXIT_WARNINGS = 1, KX_EXIT_NO = 2, KX_EXIT_ERROR = 3 };

/**
 * struct kx_tool - where the command runs
 * @root: where facts are read: "/"
 * @libexec: where the programs are that read what is not trusted
 * @netboot: below @root, where the files about distributions are; the user's own first
 * @gpgv: GnuPG's program that checks signatures
 */
struct kx_tool {
	const struct kx_sys *sys;
	const char *root, *libexec, *gpgv;
	const char *netboot[2];
};

/* All of the command, but for the choice of the system below it. Returns the exit status. */
int kx_tool_main(int argc, char **argv, const struct kx_tool *tool);

int kx_cmd_classic(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_plan(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_status(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_check(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_types(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_list(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_menu(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_last(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_crash(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_load(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_exec(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_unload(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_netboot(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_coldreboot(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_reboot(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_machine(const struct kx_tool *tool, const struct kx_args *args);

/* ---- what a load is made of ------------------------------------------------------------------ */

/**
 * struct kx_carry - what goes into the next system's initrd: carry.h
 * @keys: @keys_size bytes, authorized_keys of all who are let in
 */
struct kx_carry {
	struct kx_add *adds;
	struct kx_source **sources;
	size_t count;
	char *keys;
	size_t keys_size;
};

/**
 * struct kx_order - a request with all that it points to
 */
struct kx_order {
	struct kx_request request;
	struct kx_source *kernel, *dtb, *ramdisk;
	struct kx_source **initrds, **companions;
	size_t initrd_count, companion_count, global_companion_count;
	struct kx_module *modules;
	struct kx_source **module_sources;
	size_t module_count;
	char *cmdline;
	uint8_t *embedded;
	struct kx_carry carry;
};

/**
 * kx_order_make() - open the files and put the request together
 * @ret: zero-initialised; to be cleared with kx_order_clear(), also after an error
 *
 * Errors: -EINVAL for what options say; anything that kx_inputs_begin() and kx_order_open() say; -EBADMSG a checksum that
 * was given is no input's; -ENODATA without what --reuse-cmdline or --reuseinitrd need.
 */
int kx_order_make(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args, struct kx_order *ret, struct kx_error *err);
void kx_order_clear(struct kx_order *order);

struct kx_inputs;

/**
 * kx_order_open() - an input of a load: a path, "-", an address, or FILE#MEMBER of a path or an address
 * @inputs: from kx_inputs_begin()
 * @ret: checked by what the user gave to check it by; to be freed with kx_source_free()
 *
 * Errors: what kx_source_open(), kx_fetch(), kx_trust_allows() and kx_trust_check() say.
 */
int kx_order_open(struct kx_inputs *inputs, const char *name, struct kx_source **ret,
		  struct kx_error *err);

/* kx_source_open(), saying so when it takes long: for what lies here and nobody named. */
int kx_order_open_file(const char *path, struct kx_source **ret, struct kx_error *err);

/* Is there a file of this name here, or an archive with a member of it? */
bool kx_order_is_file(const char *name);

/**
 * kx_order_open_companions() - what systemd-stub(7) would find beside a unified kernel image
 *
 * Directories that are not there are no error. Errors: any that opening a source says; -ENOMEM.
 */
int kx_order_open_companions(const char *kernel, struct kx_order *order, struct kx_error *err);

/* Things that the user should hear about the options themselves. */
void kx_args_warn(const struct kx_args *args);

/* Is all that was asked for built? 0, or -EOPNOTSUPP. */
int kx_args_built(const struct kx_args *args, struct kx_error *err);

/* ---- what a verb's argument means ------------------------------------------------------------ */

/**
 * struct kx_choice - what is to be loaded: an entry of the boot loader, or a file
 * @args: the options, with the entry's kernel, initrds and the rest in their places
 * @entry: NULL for a file
 * @strings: that @args points to
 * @before: in front of the entry's paths: the tree, or "IMAGE#"
 * @words: what the entry's command line lacks for an image's system; NULL for nothing
 * @drivers, @inputs: for an image, what @args borrow
 *
 * As long as it is there, the entry's file systems are mounted, maybe in a mount namespace of our own.
 */
struct kx_choice {
	struct kx_args args;
	const struct kx_boot_entry *entry;
	struct kx_boot_entries entries;
	struct kx_volumes volumes;
	struct kx_names strings;
	const char *before;
	char *words;
	struct kx_source *drivers;
	struct kx_inputs *inputs;
};

#define KX_CHOICE_NONE                      \
	{                                   \
		.volumes = KX_VOLUMES_NONE, \
	}

/**
 * kx_choice_find() - the arguments of load, plan and reboot; without any it is what a normal reboot would start
 * @args: with @pick: that entry of the list
 * @ret: KX_CHOICE_NONE; to be cleared with kx_choice_clear(), also after an error
 *
 * Of an image of a disc its own menu counts, and the second argument is one of its entries.
 *
 * Several entries that it could be are printed on standard error.
 *
 * Errors: -ENOTUNIQ several; -ENOENT none; -EOPNOTSUPP an entry that cannot be started from here; -EINVAL
 * options that do not fit it; -ENOMEM.
 */
int kx_choice_find(const struct kx_tool *tool, const struct kx_args *args, struct kx_choice *ret,
		   struct kx_error *err);
/* The same for the argument of netboot, in the options that @choice has a copy of. Errors also: -ENOSPC; what fetching says. */
int kx_netboot_find(const struct kx_tool *tool, struct kx_choice *choice, struct kx_error *err);
void kx_choice_clear(struct kx_choice *choice);

/* What is wrong with the boot loader's configuration, and what could not be looked at. */
void kx_say_notes(const struct kx_boot_entries *entries, const struct kx_volumes *volumes);

/* ---- what is done ---------------------------------------------------------------------------- */

/**
 * struct kx_loaded - what a load came to
 * @warnings: how many its plan had, which were printed
 * @asked: the kernel was asked to load it
 */
struct kx_loaded {
	size_t warnings;
	bool asked;
};

/**
 * kx_load() - plan and load; says what the plan warns of
 * @ret: zero-initialised; right also after an error
 *
 * What was noted for the kernel that was loaded before is forgotten.
 */
int kx_load(const struct kx_tool *tool, const struct kx_args *args, struct kx_loaded *ret,
	    struct kx_error *err);

/* Says why not, and what is loaded then. */
void kx_say_not_loaded(const struct kx_tool *tool, const struct kx_args *args,
		       const struct kx_loaded *loaded, const struct kx_error *err);

/* Unloads it, and forgets what was noted for it. */
int kx_unload_loaded(const struct kx_tool *tool, bool panic, struct kx_error *err);

/*
 * Does the kernel say that a kernel is loaded? Asked with the least that can fail or take time; with /sys gone the jump itself
 * will tell.
 */
enum kx_fact kx_is_loaded(const struct kx_tool *tool);

/**
 * kx_write_effects() - write down what the boot loader would have for what is loaded
 * @ret: to be cleared with kx_effects_clear(), and to be undone when there is no jump after all
 *
 * Return: how many warnings were printed.
 */
size_t kx_write_effects(const struct kx_tool *tool, struct kx_effects *ret);

/* Writes down what the boot loader would have, then jumps. Returns only with an error. */
int kx_jump(const struct kx_tool *tool, const struct kx_args *args, struct kx_error *err);

/**
 * struct kx_init - PID 1, as far as it matters for a clean shutdown
 * @argv: asks for a reboot that ends in the loaded kernel
 * @jumps: it starts the loaded kernel by itself, or has a script that does
 * @remedy: what to do where it does not
 */
struct kx_init {
	const char *name;
	const char *const *argv;
	bool jumps;
	const char *remedy;
};

/* Errors: -ENOMEM. */
int kx_init_find(const struct kx_tool *tool, struct kx_init *ret);

/* Asks it. Return: 0, or the exit status of what was asked; or with a message in @err -errno. */
int kx_init_ask(const struct kx_tool *tool, const struct kx_init *init, struct kx_error *err);

/* ---- output ---------------------------------------------------------------------------------- */

void kx_plan_print(FILE *out, const struct kx_plan *plan, const struct kx_order *order,
		   const struct kx_machine *machine);
void kx_plan_draw(FILE *out, const struct kx_plan *plan);

/* While something may take long: after a second says @what on a terminal. */
void kx_progress_begin(const char *what);
void kx_progress_end(void);

/**
 * struct kx_bar - how far something is: a bar on a terminal, a line every ten per cent elsewhere
 * @what: for people; the other members are its own and start as zeros
 */
struct kx_bar {
	const char *what;
	uint64_t said;
	bool drawn;
};

/* @total: 0 when it is not known. */
void kx_bar_show(struct kx_bar *bar, uint64_t done, uint64_t total);

/* Before something else is said, and at the end. */
void kx_bar_break(struct kx_bar *bar);

static inline void kx_machine_freep(struct kx_machine **machine)
{
	kx_machine_free(*machine);
}

static inline void kx_plan_freep(struct kx_plan **plan)
{
	kx_plan_free(*plan);
}

#endif
