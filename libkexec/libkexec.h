/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkexec - start another kernel from the running one
 *
 * One pipeline of plain values:
 *
 *     machine + sources + request  ->  plan  ->  load  ->  exec
 *
 * Only kx_machine_read(), kx_source_open() and the functions that take a struct kx_sys touch the system.
 * Making a plan is a pure function: no I/O, no privileges, any host, any captured machine.
 *
 * Conventions
 *   - Functions return 0 or a negative errno value: -ENOEXEC (not this format), -EBADMSG (malformed),
 *     -EOPNOTSUPP (known but unsupported), -ENOSPC (no room), -ENOMEM, -EPERM and what system calls return.
 *   - On failure, outputs named ret or ret_* are untouched, and @err holds a message for a person: what was being
 *     done, to what, what was found against what is needed, the remedy. @err is caller-owned and never NULL.
 *   - Addresses are physical; sizes are in bytes; ranges are half-open: [start, end).
 *   - The library has no global state, never prints and never exits.
 */
#ifndef KX_LIBKEXEC_H
#define KX_LIBKEXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KX_VERSION "0.1.0"

/* ---- errors ---------------------------------------------------------------------------------- */

#define KX_ERROR_TEXT_MAX 4096

/**
 * struct kx_error - why something failed, in words
 * @text: lower case, no full stop; one line, but for a file that no format takes, where each format's reason is one;
 *	  empty when nothing failed
 */
struct kx_error {
	char text[KX_ERROR_TEXT_MAX];
};

/**
 * kx_fail() - fill in @err and hand the code through, for `return kx_fail(err, ENOSPC, "...")`
 * @code: positive errno value
 *
 * Return: -@code, always.
 */
int kx_fail(struct kx_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * kx_error_prefix() - put "@format: " in front of the text that is there
 *
 * The name of a file before what is wrong with it.
 */
void kx_error_prefix(struct kx_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- yes, no, or not known ------------------------------------------------------------------- */

/**
 * enum kx_fact - a fact read from a system that may hide it
 *
 * Zero-initialised memory says unknown, never no.
 */
enum kx_fact { KX_UNKNOWN = 0, KX_NO = 1, KX_YES = 2 };

/**
 * kx_fact_name() - for a person: "unknown", "no", "yes"
 *
 * Return: a constant.
 */
const char *kx_fact_name(enum kx_fact fact);

/* ---- sources: the bytes of each input -------------------------------------------------------- */

/**
 * struct kx_source - the bytes of one input, read once
 *
 * A regular file is mapped; a pipe is read to its end. What was parsed is what is loaded: kx_plan_load() refuses
 * when the file under a mapping has changed since it was opened.
 */
struct kx_source;

/**
 * kx_source_open() - open a file, or standard input for "-"
 * @max: refuse anything larger, in bytes; 0 for the library's cap
 * @ret: to be freed with kx_source_free()
 *
 * Errors: -ENOENT, -EACCES, -EISDIR and the like from the system; -EFBIG over @max; -ENODATA when empty.
 */
int kx_source_open(const char *path, uint64_t max, struct kx_source **ret, struct kx_error *err);

/**
 * kx_source_from_memory() - a source over bytes of the caller's
 * @name: for messages; copied
 * @data: @size bytes, to be kept alive until the source is freed
 * @ret: to be freed with kx_source_free()
 *
 * Errors: -ENOMEM.
 */
int kx_source_from_memory(const char *name, const void *data, size_t size, struct kx_source **ret,
			  struct kx_error *err);

/**
 * kx_source_from_fd() - a source over an open file
 * @name: for messages; copied
 * @fd: a regular file, read from its beginning, or a memfd; the source's from now on, also after an error
 * @ret: to be freed with kx_source_free()
 *
 * Errors: as kx_source_open()'s.
 */
int kx_source_from_fd(const char *name, int fd, struct kx_source **ret, struct kx_error *err);

/**
 * kx_source_free() - close and unmap; NULL is allowed
 */
void kx_source_free(struct kx_source *source);

/**
 * kx_source_name() - what it was opened as
 *
 * Return: the source's own.
 */
const char *kx_source_name(const struct kx_source *source);

/**
 * kx_source_data() - its bytes
 *
 * Return: kx_source_size() bytes that live as long as the source.
 */
const void *kx_source_data(const struct kx_source *source);

/**
 * kx_source_size() - how many bytes it has
 *
 * Return: bytes.
 */
size_t kx_source_size(const struct kx_source *source);

/* ---- the machine ----------------------------------------------------------------------------- */

/**
 * struct kx_machine - facts about a running system, or about one that was captured
 */
struct kx_machine;

/**
 * kx_machine_read() - read all facts, once
 * @root: "/" for this system; a directory made by kx_machine_save() for another
 * @ret: to be freed with kx_machine_free()
 *
 * What cannot be read is unknown in the result, not an error.
 *
 * Errors: -ENOMEM; -ENOENT when there is no proc below @root; -EBADMSG when a captured file is malformed.
 */
int kx_machine_read(const char *root, struct kx_machine **ret, struct kx_error *err);

/**
 * kx_machine_free() - take the facts out of memory; NULL is allowed
 */
void kx_machine_free(struct kx_machine *machine);

/**
 * kx_machine_save() - copy the files that kx_machine_read() reads from @root into a new directory @dir
 *
 * Seeds, keys, and what would give away KASLR offsets are left out.
 *
 * Errors: -EEXIST when @dir exists and is not empty, and what the file system says.
 */
int kx_machine_save(const char *root, const char *dir, struct kx_error *err);

/**
 * kx_machine_arch() - what uname(2) calls it: "x86_64"
 *
 * Return: lives as long as the machine; NULL if unknown.
 */
const char *kx_machine_arch(const struct kx_machine *machine);

/**
 * kx_machine_release() - the running kernel's release
 *
 * Return: lives as long as the machine; NULL if unknown.
 */
const char *kx_machine_release(const struct kx_machine *machine);

/**
 * kx_machine_initrd_path() - the initrd of the running kernel, where --reuseinitrd finds it
 *
 * Return: lives as long as the machine; NULL if the kernel kept none.
 */
const char *kx_machine_initrd_path(const struct kx_machine *machine);

/**
 * kx_machine_loaded() - is a kernel loaded for kexec?
 */
enum kx_fact kx_machine_loaded(const struct kx_machine *machine);

/**
 * kx_machine_crash_loaded() - is a crash kernel loaded?
 */
enum kx_fact kx_machine_crash_loaded(const struct kx_machine *machine);

/**
 * kx_machine_crash_size() - what is kept for a crash kernel
 * @ret: bytes
 *
 * Errors: -ENODATA if unknown.
 */
int kx_machine_crash_size(const struct kx_machine *machine, uint64_t *ret);

/**
 * kx_root_on_network() - is the root file system on the network?
 * @root: as for kx_machine_read()
 *
 * From /proc/self/mountinfo and /sys; a block device on the network counts, too.
 */
enum kx_fact kx_root_on_network(const char *root);

/**
 * kx_cmdline_reuse() - the running kernel's command line, fit for the next kernel
 * @for_crash: also drop what a capture kernel must not inherit: crashkernel=, elfcorehdr=, mem=, memmap=, and what keeps
 *	memory for huge pages and the like: hugepages=, hugepagesz=, default_hugepagesz=, hugetlb_cma=, cma=, kernelcore=,
 *	movablecore=
 * @ret: to be freed with free()
 *
 * Drops BOOT_IMAGE=, as kexec-tools does, and what KX_FAST_HINTS added for the running kernel.
 *
 * Errors: -ENODATA when the command line is unknown; -ENOMEM.
 */
int kx_cmdline_reuse(const struct kx_machine *machine, bool for_crash, char **ret,
		     struct kx_error *err);

/* ---- the last jump --------------------------------------------------------------------------- */

/**
 * enum kx_phase - what a jump spends its time in, see struct kx_last
 */
enum kx_phase { KX_PHASE_SHUTDOWN, KX_PHASE_JUMP, KX_PHASE_KERNEL, KX_PHASE_INIT, KX_PHASE_COUNT };

/**
 * kx_phase_name() - "shutdown", "jump", "kernel", "init"
 *
 * Return: a constant.
 */
const char *kx_phase_name(enum kx_phase phase);

/**
 * struct kx_last_phase - one phase of the jump that started the running kernel
 * @known: or else @ns is 0
 * @ns: how long it took, in nanoseconds
 * @why: why it is not known, for a person; NULL when it is
 */
struct kx_last_phase {
	bool known;
	uint64_t ns;
	const char *why;
};

/**
 * struct kx_last - how long the jump took: from kx_exec() (shutdown: the old kernel's devices, and the copy) to purgatory
 * (jump: the check) to the new kernel's entry (kernel) to its init (init, until init says that it has started)
 */
struct kx_last {
	struct kx_last_phase phases[KX_PHASE_COUNT];
};

/**
 * kx_last_read() - from what was left on the way, and the running kernel's log
 * @root: as for kx_machine_read()
 *
 * Errors: -ENODATA when the running kernel was not started by this library's kexec_load; -ENOMEM.
 */
int kx_last_read(const char *root, struct kx_last *ret, struct kx_error *err);

/**
 * kx_last_note() - leave the time for kx_last_read() in the next kernel
 * @root: as for kx_machine_read()
 *
 * Best effort: nothing happens where there is nowhere to write.
 */
void kx_last_note(const char *root);

/* ---- can this machine kexec? ----------------------------------------------------------------- */

/**
 * struct kx_finding - one checked condition
 * @id: stable name for programs, e.g. "config.kexec", "lockdown", "sysctl.kexec_load_disabled"
 * @verdict: KX_YES: no obstacle; KX_NO: kexec cannot work because of it; KX_UNKNOWN: could not be read
 * @warning: not an obstacle, but somebody should read it
 * @found: what was seen, for a person
 * @remedy: what to do; NULL where nothing is to be done
 */
struct kx_finding {
	const char *id;
	enum kx_fact verdict;
	bool warning;
	char *found;
	char *remedy;
};

/**
 * struct kx_report - what kx_check() found
 * @findings: @count of them; all that they point to is the report's
 */
struct kx_report {
	struct kx_finding *findings;
	size_t count;
};

/**
 * kx_check() - everything that `kexec check` looks at; pure
 * @ret: to be cleared with kx_report_clear()
 *
 * Errors: -ENOMEM.
 */
int kx_check(const struct kx_machine *machine, struct kx_report *ret, struct kx_error *err);

/**
 * kx_report_clear() - free what the report points to
 */
void kx_report_clear(struct kx_report *report);

/**
 * enum kx_method - the two system calls
 */
enum kx_method { KX_METHOD_AUTO = 0, KX_METHOD_LOAD = 1, KX_METHOD_FILE_LOAD = 2 };

/**
 * kx_method_name() - "auto", "kexec_load", "kexec_file_load"
 *
 * Return: a constant.
 */
const char *kx_method_name(enum kx_method method);

/**
 * kx_allowed() - may this machine use @method now, as far as can be known without calling?
 * @why: for the reason when it is KX_NO or KX_UNKNOWN
 */
enum kx_fact kx_allowed(const struct kx_machine *machine, enum kx_method method, bool for_crash,
			struct kx_error *why);

/* ---- request --------------------------------------------------------------------------------- */

/**
 * enum kx_request_flags - of struct kx_request's flags
 */
enum kx_request_flags {
	KX_REQUEST_PANIC = 1 << 0,       /* load the crash kernel */
	KX_REQUEST_NO_EFI = 1 << 1,      /* hand over no EFI state (--noefi) */
	KX_REQUEST_REUSE_VIDEO = 1 << 2, /* screen_info as it was at boot (--reuse-video-type) */
	KX_REQUEST_FORCE_CRC = 1 << 3,   /* load in spite of a CRC-32 mismatch (--force-crc) */
	KX_REQUEST_CONSOLE_VGA = 1 << 4, /* purgatory reports on VGA text too */
	KX_REQUEST_CONSOLE_SERIAL =
		1 << 5,                /* purgatory reports on serial even if no console= says so */
	KX_REQUEST_RESET_VGA = 1 << 6, /* purgatory sets VGA text mode before the jump */
	KX_REQUEST_FORCE_REAL_MODE =
		1 << 8, /* real mode even where there is no BIOS (--force-real-mode) */
	KX_REQUEST_INITRD_AS_IS = 1 << 9, /* unpack no part of an initrd (--initrd-as-is) */
	KX_REQUEST_EXPLAIN =
		1 << 10,            /* plan even what cannot be loaded here: kx_plan_forbidden() */
	KX_REQUEST_ELF32 = 1 << 11, /* 32-bit core headers (--elf32-core-headers) */
	KX_REQUEST_HOTPLUG = 1 << 12, /* let the kernel keep core headers up to date (--hotplug) */
	KX_REQUEST_MEMMAP =
		1 << 13, /* a crash kernel's memory map as words, too (--pass-memmap-cmdline) */
};

/**
 * enum kx_entry_mode - which of a kernel's entries to use, where it has several
 */
enum kx_entry_mode {
	KX_ENTRY_AUTO = 0,
	KX_ENTRY_32 = 1,        /* --entry-32bit */
	KX_ENTRY_REAL_MODE = 2, /* --real-mode */
};

/**
 * enum kx_args_style - what an ELF kernel is given
 */
enum kx_args_style {
	KX_ARGS_AUTO = 0,
	KX_ARGS_LINUX = 1, /* --args-linux: boot_params */
	KX_ARGS_ELF = 2,   /* --args-elf: ELF boot notes */
	KX_ARGS_NONE = 3,  /* --args-none */
};

/**
 * enum kx_check_kind - how purgatory makes sure, with kexec_load, that what it starts is what was loaded
 */
enum kx_check_kind {
	KX_CHECK_FAST = 0,   /* at the speed of memory; sees what chance damages: base/digest.h */
	KX_CHECK_SHA256 = 1, /* --check=sha256 */
	KX_CHECK_NONE = 2,   /* --check=none, --no-checks */
};

/**
 * enum kx_fast - how far to go for a short jump, with kexec_load
 */
enum kx_fast {
	KX_FAST_SAFE = 0,  /* all that the next kernel cannot tell */
	KX_FAST_NONE = 1,  /* --fast=none: the kernel as it is, by its own decompressor */
	KX_FAST_HINTS = 2, /* --fast=hints: and words on its command line */
};

/**
 * enum kx_keep_network - how the next system is told of this one's network
 */
enum kx_keep_network {
	KX_KEEP_NETWORK_NO = 0,
	KX_KEEP_NETWORK_AUTO = 1, /* --keep-network: by what the initrd is */
	KX_KEEP_NETWORK_KERNEL =
		2, /* ip= and BOOTIF=, which the kernel and most initrds understand */
	KX_KEEP_NETWORK_DRACUT = 3,    /* words of dracut.cmdline(7) */
	KX_KEEP_NETWORK_INSTALLER = 4, /* answers for Debian's installer */
	KX_KEEP_NETWORK_NETWORKD = 5,  /* files for systemd-networkd, in the initrd */
};

/**
 * struct kx_add - a file for the next system's initrd
 * @path: where it goes, from the root on; NULL for ssh's authorized_keys, which go where that system looks for them
 * @mode: permissions; the owner is root
 */
struct kx_add {
	const struct kx_source *source;
	const char *path;
	uint32_t mode;
};

#define KX_KASLR_SEED_SIZE 32

/**
 * struct kx_module - a file that a multiboot kernel is given
 * @args: its string after the name of the source, which comes first; NULL for none
 */
struct kx_module {
	const struct kx_source *source;
	const char *args;
};

/**
 * struct kx_request - what the user asks for; everything in it belongs to the caller
 * @kernel: required
 * @initrds: in the order in which the kernel shall see them
 * @modules: for multiboot, in this order
 * @companions: what lies beside a unified kernel image; other formats ignore it. First what is for any image: add-ons
 *		(*.addon.efi) of the boot partition's /loader/addons and credentials (*.cred) of its /loader/credentials;
 *		then what lies in KERNEL.extra.d/: add-ons, credentials, extensions (*.raw). Each sorted by name
 * @global_companion_count: how many of them are for any image
 * @cmdline: the whole command line, NULL for none: then a unified kernel image's own counts; of such an image
 *	     "@1" in front chooses profile 1
 * @dtb: device tree, NULL for none
 * @ramdisk: an image that the next kernel finds as its first persistent memory, /dev/pmem0, where it has that driver; x86's
 *	     Linux by kexec_load alone; NULL for none. That memory stays taken until firmware starts the machine anew
 * @type: name of a format (-t), NULL to find out
 * @mem_min, @mem_max: bounds for placement, [min, max]; 0 and UINT64_MAX for none
 * @serial_port: I/O port of purgatory's serial console, 0 to find out
 * @kaslr_seed: random bytes for where the next kernel goes, when it is decompressed here: to be drawn anew for each load,
 *		and kept to oneself; zeros for a plan that is made to be looked at
 * @keep_network: carry this machine's network over
 * @adds: files to be put into the initrd, of which later ones replace earlier ones
 * @serial_baud: bits per second, 0 to leave the port as the running kernel programmed it
 */
struct kx_request {
	const struct kx_source *kernel;
	const struct kx_source *const *initrds;
	size_t initrd_count;
	const struct kx_module *modules;
	size_t module_count;
	const struct kx_source *const *companions;
	size_t companion_count;
	size_t global_companion_count;
	const char *cmdline;
	const struct kx_source *dtb;
	const struct kx_source *ramdisk;
	const char *type;
	enum kx_method method;
	enum kx_entry_mode entry;
	enum kx_args_style args;
	enum kx_fast fast;
	enum kx_check_kind check;
	unsigned flags;
	uint64_t mem_min;
	uint64_t mem_max;
	uint16_t serial_port;
	uint32_t serial_baud;
	uint8_t kaslr_seed[KX_KASLR_SEED_SIZE];
	enum kx_keep_network keep_network;
	const struct kx_add *adds;
	size_t add_count;
};

/* ---- plan ------------------------------------------------------------------------------------ */

/* KEXEC_SEGMENT_MAX of include/linux/kexec.h. */
#define KX_SEGMENT_MAX 16

/* No address of any machine: what @dest is when the memory map is hidden from us. */
#define KX_DEST_UNKNOWN UINT64_MAX

/**
 * struct kx_segment - bytes and where they go
 * @name: "kernel", "initrd", "boot_params", "purgatory" …
 * @why: why it goes there, for a person
 * @buf: @bufsz bytes; NULL when the running kernel reads the file itself
 * @dest: physical address, page-aligned; KX_DEST_UNKNOWN when the plan could not be placed
 * @memsz: what the kernel is asked to fill, page-aligned; beyond @bufsz it is zero
 * @reserved: what nothing else may use, >= @memsz: a kernel's bss that it clears by itself
 * @unchecked: the running kernel changes it after the load: purgatory does not check it
 */
struct kx_segment {
	const char *name;
	char *why;
	const void *buf;
	uint64_t bufsz;
	uint64_t dest;
	uint64_t memsz;
	uint64_t reserved;
	bool unchecked;
};

/**
 * struct kx_archive - a compressed archive in an initrd, which this program unpacks so that the next kernel need not
 * @source: the initrd
 * @format: "gzip"
 * @size: of what is compressed
 * @unpacked_size: what it became; 0 if it was left
 * @left: 0, or why it was left as it is: -EFBIG too much memory, -ENOSPC no place, -EBADMSG damaged, -EOPNOTSUPP a format
 *	  that this program was built without
 */
struct kx_archive {
	const struct kx_source *source;
	const char *format;
	uint64_t size;
	uint64_t unpacked_size;
	int left;
};

/**
 * kx_archive_left_text() - struct kx_archive's left in words
 *
 * Return: a constant; NULL for 0.
 */
const char *kx_archive_left_text(int left);

/**
 * struct kx_hint - a word that makes a kernel start faster
 * @word: of its command line
 * @why: what it does, for a person
 */
struct kx_hint {
	const char *word;
	const char *why;
};

/**
 * enum kx_mem_type - what a range of the new kernel's memory map is
 */
enum kx_mem_type {
	KX_MEM_UNKNOWN,
	KX_MEM_RAM,
	KX_MEM_RESERVED,
	KX_MEM_ACPI,
	KX_MEM_NVS,
	KX_MEM_UNUSABLE,
	KX_MEM_PMEM,
	KX_MEM_PRAM,
	KX_MEM_SOFT_RESERVED,
	KX_MEM_TYPE_COUNT
};

/**
 * kx_mem_type_name() - its name as in /sys/firmware/memmap
 *
 * Return: a constant.
 */
const char *kx_mem_type_name(enum kx_mem_type type);

/**
 * struct kx_mem - a range of physical addresses, [start, end)
 */
struct kx_mem {
	uint64_t start;
	uint64_t end;
	enum kx_mem_type type;
};

/**
 * struct kx_plan - what would be loaded where, and why
 */
struct kx_plan;

/**
 * kx_plan_make() - decide what goes where; pure
 * @ret: to be freed with kx_plan_free(); @machine and the request's sources must outlive it
 *
 * With kexec_load a Linux kernel's compressed initrds are unpacked here, where that fits into half of what MemAvailable
 * has over 256 MiB, or over the rest of the load where that is more, and all of it into half of memory; not with mem= on the command line, and not with KX_REQUEST_INITRD_AS_IS.
 *
 * With KX_METHOD_AUTO the call is chosen here, after the format is known: kexec_load unless something forbids it,
 * then kexec_file_load if the format allows; when neither can be, @err has both reasons.
 *
 * Errors: -ENOEXEC when no format matches (each format's reason in @err); -EBADMSG; -EOPNOTSUPP; -ENOSPC, with
 * numbers; -E2BIG when the command line is too long; -EPERM when the machine forbids what was asked for, unless
 * KX_REQUEST_EXPLAIN; -ENOMEM.
 */
int kx_plan_make(const struct kx_machine *machine, const struct kx_request *request,
		 struct kx_plan **ret, struct kx_error *err);

/**
 * kx_plan_free() - free the plan; NULL is allowed
 */
void kx_plan_free(struct kx_plan *plan);

/**
 * kx_plan_arch() - the architecture: "x86_64"
 *
 * Return: lives as long as the plan.
 */
const char *kx_plan_arch(const struct kx_plan *plan);

/**
 * kx_plan_format() - the kernel's format: "bzImage64"
 *
 * Return: lives as long as the plan.
 */
const char *kx_plan_format(const struct kx_plan *plan);

/**
 * kx_plan_containers() - what that was wrapped in, from the outside: "compressed, uki"
 *
 * Return: lives as long as the plan; empty for nothing.
 */
const char *kx_plan_containers(const struct kx_plan *plan);

/**
 * kx_plan_cmdline() - the command line that the next kernel gets
 *
 * Return: lives as long as the plan.
 */
const char *kx_plan_cmdline(const struct kx_plan *plan);

/**
 * kx_plan_method() - the system call that kx_plan_load() will make
 */
enum kx_method kx_plan_method(const struct kx_plan *plan);

/**
 * kx_plan_method_why() - why it was chosen, for a person
 *
 * Return: lives as long as the plan.
 */
const char *kx_plan_method_why(const struct kx_plan *plan);

/**
 * kx_plan_forbidden() - why this machine would not load it: only with KX_REQUEST_EXPLAIN
 *
 * Return: lives as long as the plan; NULL when it would.
 */
const char *kx_plan_forbidden(const struct kx_plan *plan);

/**
 * kx_plan_placed() - is it known where segments go?
 *
 * Not with kexec_file_load, nor when the memory map is hidden.
 */
bool kx_plan_placed(const struct kx_plan *plan);

/**
 * kx_plan_entry() - where the CPU enters the next kernel; purgatory is entered first
 *
 * Return: physical address; 0 if not placed.
 */
uint64_t kx_plan_entry(const struct kx_plan *plan);

/**
 * kx_plan_entry_mode() - in which mode: "32-bit protected mode", "real mode"
 *
 * Return: a constant; NULL for 64-bit mode, the usual one.
 */
const char *kx_plan_entry_mode(const struct kx_plan *plan);

/**
 * kx_plan_direct() - is the kernel itself entered, decompressed and relocated here?
 *
 * Then the jump need not wait for its decompressor.
 */
bool kx_plan_direct(const struct kx_plan *plan);

/**
 * kx_plan_direct_why() - why not, for a person
 *
 * Return: lives as long as the plan; NULL when it is, or when nothing of the kind could be done for this format and call.
 */
const char *kx_plan_direct_why(const struct kx_plan *plan);

/**
 * kx_plan_kaslr() - were its addresses, physical and virtual, chosen at random (KASLR)?
 *
 * If not kx_plan_direct(), the kernel sees to that.
 */
bool kx_plan_kaslr(const struct kx_plan *plan);

/**
 * kx_plan_crash_region() - where a crash kernel is loaded: what crashkernel= keeps for it
 * @ret_start: physical address
 * @ret_size: bytes
 *
 * Return: false when it is none, or that is not known.
 */
bool kx_plan_crash_region(const struct kx_plan *plan, uint64_t *ret_start, uint64_t *ret_size);

/**
 * kx_plan_segment_count() - how many segments there are
 *
 * Return: 0 to KX_SEGMENT_MAX.
 */
size_t kx_plan_segment_count(const struct kx_plan *plan);

/**
 * kx_plan_segment() - one of them
 *
 * Return: lives as long as the plan; NULL past the end.
 */
const struct kx_segment *kx_plan_segment(const struct kx_plan *plan, size_t i);

/**
 * kx_plan_hint_count() - how many words --fast=hints added to the command line
 */
size_t kx_plan_hint_count(const struct kx_plan *plan);

/**
 * kx_plan_hint() - one of them
 *
 * Return: lives as long as the plan; NULL past the end.
 */
const struct kx_hint *kx_plan_hint(const struct kx_plan *plan, size_t i);

/**
 * kx_plan_warning_count() - how many warnings there are
 */
size_t kx_plan_warning_count(const struct kx_plan *plan);

/**
 * kx_plan_warning() - one of them, for a person
 *
 * Return: lives as long as the plan; NULL past the end.
 */
const char *kx_plan_warning(const struct kx_plan *plan, size_t i);

/**
 * kx_plan_archive_count() - how many compressed archives were found in initrds: see kx_plan_make()
 */
size_t kx_plan_archive_count(const struct kx_plan *plan);

/**
 * kx_plan_archive() - one of them, in the order in which they were found
 *
 * Return: lives as long as the plan; NULL past the end.
 */
const struct kx_archive *kx_plan_archive(const struct kx_plan *plan, size_t i);

/**
 * kx_plan_network() - how the next system is told of this one's network: "dracut"
 * @ret_why: why so, for a person; lives as long as the plan
 *
 * Return: a constant; NULL when it is not told.
 */
const char *kx_plan_network(const struct kx_plan *plan, const char **ret_why);

/**
 * struct kx_carried - a file that was put into the initrd
 * @path: from the root on
 * @size: in bytes
 * @mode: permissions
 */
struct kx_carried {
	char *path;
	uint64_t size;
	uint32_t mode;
};

/**
 * kx_plan_carried_count() - how many files were put into the initrd
 */
size_t kx_plan_carried_count(const struct kx_plan *plan);

/**
 * kx_plan_carried() - one of them
 *
 * Return: lives as long as the plan; NULL past the end.
 */
const struct kx_carried *kx_plan_carried(const struct kx_plan *plan, size_t i);

/**
 * kx_plan_mem_count() - how many ranges the memory map has that the next kernel is given
 */
size_t kx_plan_mem_count(const struct kx_plan *plan);

/**
 * kx_plan_mem() - one of them
 *
 * Return: lives as long as the plan; NULL past the end.
 */
const struct kx_mem *kx_plan_mem(const struct kx_plan *plan, size_t i);

/**
 * kx_format_name() - the formats, in the order in which they are tried
 *
 * Return: a constant; NULL past the end.
 */
const char *kx_format_name(size_t i);

/**
 * kx_format_summary() - what it is, for a person
 *
 * Return: a constant; NULL past the end.
 */
const char *kx_format_summary(size_t i);

/**
 * kx_format_probe() - would this format take the request's kernel, by its headers?
 * @i: of an existing format
 *
 * Errors, with the reason in @err: -ENOEXEC not this format; -EBADMSG; -EOPNOTSUPP.
 */
int kx_format_probe(size_t i, const struct kx_request *request, struct kx_error *err);

/* ---- load and exec --------------------------------------------------------------------------------------------- */

/**
 * struct kx_sys - the operations that change a machine
 */
struct kx_sys;

/**
 * kx_sys_linux() - the system calls of the running kernel
 *
 * A function, since a program would copy a variable, whose size then were part of the ABI.
 *
 * Return: a constant.
 */
const struct kx_sys *kx_sys_linux(void);

/**
 * kx_plan_load() - hand the plan to the kernel, by exactly one system call
 *
 * Fills in the random seed and the checksum that plans never show. What was loaded before stays loaded on failure, but for a
 * crash kernel: when the system call fails, the running kernel may have taken out the old one before.
 *
 * Errors: -EPERM without CAP_SYS_BOOT, before any call; -ESTALE when a source changed since it was opened; -EACCES when
 * a plan was not placed; the kernel's own answer otherwise, explained in @err.
 */
int kx_plan_load(const struct kx_sys *sys, struct kx_plan *plan, struct kx_error *err);

/**
 * kx_unload() - take the loaded kernel out
 * @machine: decides which call is made, since a refused one counts against kexec_load_limit_* too; NULL to try
 *	kexec_load first, and kexec_file_load's unload flag when that is not permitted
 *
 * Errors: -EOPNOTSUPP in a Xen dom0; -EPERM and what else the kernel answers.
 */
int kx_unload(const struct kx_sys *sys, const struct kx_machine *machine, bool crash,
	      struct kx_error *err);

/**
 * enum kx_exec_flags - of kx_exec()
 */
enum kx_exec_flags {
	KX_EXEC_NO_SYNC = 1 << 0,      /* do not write out file systems first */
	KX_EXEC_KEEP_NETWORK = 1 << 1, /* leave network interfaces up */
};

/**
 * kx_exec() - lock memory, sync, take network interfaces down, jump
 *
 * Needs no /proc, /sys, disk or terminal. Does not return on success.
 *
 * Errors: -EINVAL when nothing is loaded; -EPERM without CAP_SYS_BOOT or in a PID namespace.
 */
int kx_exec(const struct kx_sys *sys, unsigned flags, struct kx_error *err);

#ifdef __cplusplus
}
#endif

#endif
