// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include "base/overflow.h"

#define AT(field) .offset = offsetof(struct kx_args, field)
#define BASIC (KX_CLASSIC | KX_PLAN)
#define LOADS (BASIC | KX_LOAD | KX_REBOOT | KX_NETBOOT)
#define ENTRIES (KX_PLAN | KX_LOAD | KX_REBOOT)
#define ALL                                                                                \
	(LOADS | KX_EXEC | KX_UNLOAD | KX_COLDREBOOT | KX_STATUS | KX_CHECK | KX_MACHINE | \
	 KX_LAST | KX_CRASH | KX_LIST | KX_MENU)

#define SET(field, to) .kind = KX_OPT_SET, AT(field), .value = (to)
#define FLAG(bit) .kind = KX_OPT_FLAG, .value = (bit)
#define STRING(field) .kind = KX_OPT_STRING, AT(field)
#define LIST(field, count) .kind = KX_OPT_LIST, AT(field), .value = offsetof(struct kx_args, count)
#define WORD(field) .kind = KX_OPT_WORD, AT(field)
#define ADDRESS(field) .kind = KX_OPT_ADDRESS, AT(field)
#define ACTION(what) .group = KX_GROUP_ACTION, .kind = KX_OPT_ACTION, .value = (what)
#define STOP .kind = KX_OPT_STOP
#define NOT_BUILT .verbs = BASIC, .group = KX_GROUP_NOT_BUILT, .kind = KX_OPT_NOT_BUILT

/* In the order of --help. Names and letters are kexec-tools' but for those that say .ours. */
const struct kx_option kx_options[] = {
	{ 'l', "load", NULL, "load KERNEL, to be started later", BASIC, ACTION(KX_DO_LOAD) },
	{ 'p', "load-panic", NULL,
	  "load KERNEL for the case of a panic, into the memory kept by crashkernel=",
	  BASIC | KX_LOAD, ACTION(KX_DO_LOAD_PANIC) },
	{ 'e', "exec", NULL, "start the loaded kernel now, without shutting down", KX_CLASSIC,
	  ACTION(KX_DO_EXEC) },
	{ 'f', "force", NULL, "load KERNEL and start it at once, without shutting down", BASIC,
	  ACTION(KX_DO_FORCE) },
	{ 'u', "unload", NULL, "unload the loaded kernel; with -p the one for a panic", KX_CLASSIC,
	  ACTION(KX_DO_UNLOAD) },
	{ 'S', "status", NULL,
	  "exit with 1 if a kernel for a panic is loaded, else with 0; with -l: if one to start is",
	  KX_CLASSIC, .group = KX_GROUP_ACTION, SET(status, 1) },
	{ 0, "print-ckr-size", NULL,
	  "print the size of the memory kept for a crash kernel, in bytes", KX_CLASSIC,
	  .group = KX_GROUP_ACTION, STOP },
	{ 0, "save", "DIR", "copy the facts about this machine into the new directory DIR",
	  KX_MACHINE, .ours = true, .group = KX_GROUP_ACTION, STRING(save) },
	{ 0, "shrink", "SIZE",
	  "with size: keep no more than SIZE, or \"recommended\", until the next boot", KX_CRASH,
	  .ours = true, .group = KX_GROUP_ACTION, STRING(shrink) },
	{ 0, "timeout", "SECONDS",
	  "with crash test: how long all boots may take (default: 600); with menu: until the "
	  "default "
	  "is started (default: as the boot loader)",
	  KX_CRASH | KX_MENU, .ours = true, .group = KX_GROUP_ACTION, STRING(timeout) },
	{ 0, "commit", NULL,
	  "write at once what the boot loader keeps of a start, since a shutdown has begun",
	  KX_LOAD, .ours = true, .group = KX_GROUP_ACTION, SET(commit, 1) },
	{ 0, "plan", NULL, "show what would be loaded where, and load nothing", KX_NETBOOT,
	  .ours = true, .group = KX_GROUP_ACTION, SET(plan, 1) },
	{ 0, "reboot", NULL, "load it, shut down cleanly by the running init, and start it",
	  KX_NETBOOT, .ours = true, .group = KX_GROUP_ACTION, SET(reboot, 1) },
	{ 0, "release", "NAME", "of the distribution, in place of the usual one", KX_NETBOOT,
	  .ours = true, .group = KX_GROUP_ACTION, STRING(release) },
	{ 0, "mirror", "ADDRESS", "where the distribution is fetched from", KX_NETBOOT,
	  .ours = true, .group = KX_GROUP_ACTION, STRING(mirror) },
	{ 0, "choose", "NAME,...", "what to choose in the menus at an address, one after the other",
	  KX_NETBOOT, .ours = true, .group = KX_GROUP_ACTION, STRING(choose) },
	{ 0, "now", NULL, "start it in spite of what is still mounted and running", KX_EXEC,
	  .ours = true, .group = KX_GROUP_ACTION, SET(now, 1) },
	{ 'x', "no-ifdown", NULL, "leave network interfaces up before the start", BASIC | KX_EXEC,
	  .group = KX_GROUP_ACTION, SET(no_ifdown, 1) },
	{ 'y', "no-sync", NULL, "do not write out file systems before the start", BASIC | KX_EXEC,
	  .group = KX_GROUP_ACTION, SET(no_sync, 1) },

	{ 'a', "kexec-syscall-auto", NULL,
	  "use kexec_load unless something forbids it, else kexec_file_load (default)", LOADS,
	  .group = KX_GROUP_CALL, SET(method, KX_METHOD_AUTO) },
	{ 'c', "kexec-syscall", NULL, "use kexec_load only", LOADS, .group = KX_GROUP_CALL,
	  SET(method, KX_METHOD_LOAD) },
	{ 's', "kexec-file-syscall", NULL, "use kexec_file_load only", LOADS,
	  .group = KX_GROUP_CALL, SET(method, KX_METHOD_FILE_LOAD) },

	{ 't', "type", "TYPE", "take KERNEL as a file of this type; help: say what KERNEL is",
	  LOADS, .group = KX_GROUP_IMAGE, STRING(type) },
	{ 0, "initrd", "FILE", "initrd; may be given several times, - is standard input",
	  LOADS | KX_CRASH, .image = true, .group = KX_GROUP_IMAGE, LIST(initrds, initrd_count) },
	{ 0, "kernel", "FILE", "the capture kernel; else what kdump would use", KX_CRASH,
	  .ours = true, .group = KX_GROUP_IMAGE, STRING(kernel) },
	{ 0, "ramdisk", "FILE", "the same as --initrd", LOADS, .image = true,
	  .group = KX_GROUP_IMAGE, LIST(initrds, initrd_count) },
	{ 0, "to-ram", NULL,
	  "with an image of a disc: keep it in memory for its system, so that disks may be "
	  "overwritten",
	  ENTRIES, .image = true, .ours = true, .group = KX_GROUP_IMAGE, SET(to_ram, 1) },
	{ 0, "memdisk", "FILE",
	  "with an image of a disc: start it by this memdisk or grub.exe, on a BIOS machine",
	  ENTRIES, .image = true, .ours = true, .group = KX_GROUP_IMAGE, STRING(memdisk) },
	{ 0, "initrd-as-is", NULL, "do not unpack compressed initrds before the start", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_IMAGE, FLAG(KX_REQUEST_INITRD_AS_IS) },
	{ 0, "reuseinitrd", NULL, "use the initrd that this kernel was booted with (retain_initrd)",
	  LOADS, .group = KX_GROUP_IMAGE, SET(reuse_initrd, 1) },
	{ 0, "command-line", "STRING", "the kernel's command line", LOADS, .image = true,
	  .group = KX_GROUP_IMAGE, STRING(append) },
	{ 0, "append", "STRING",
	  "the same as --command-line; comes after what --reuse-cmdline gives", LOADS | KX_CRASH,
	  .image = true, .group = KX_GROUP_IMAGE, STRING(append) },
	{ 0, "reuse-cmdline", NULL, "use the running kernel's command line, without BOOT_IMAGE=",
	  LOADS, .image = true, .group = KX_GROUP_IMAGE, SET(reuse_cmdline, 1) },
	{ 0, "dtb", "FILE", "device tree", LOADS, .image = true, .group = KX_GROUP_IMAGE,
	  STRING(dtb) },
	{ 0, "entry-32bit", NULL, "enter a Linux kernel by its 32-bit entry", LOADS, .image = true,
	  .group = KX_GROUP_IMAGE, SET(entry_mode, KX_ENTRY_32) },
	{ 0, "real-mode", NULL, "enter a Linux kernel in real mode: it asks the BIOS itself", LOADS,
	  .image = true, .group = KX_GROUP_IMAGE, SET(entry_mode, KX_ENTRY_REAL_MODE) },
	{ 0, "force-real-mode", NULL, "the same, even where UEFI leaves no BIOS to ask", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_IMAGE, FLAG(KX_REQUEST_FORCE_REAL_MODE) },
	{ 0, "force-crc", NULL, "load in spite of a wrong checksum in KERNEL", LOADS, .image = true,
	  .ours = true, .group = KX_GROUP_IMAGE, FLAG(KX_REQUEST_FORCE_CRC) },
	{ 0, "module", "\"FILE ARGS\"",
	  "module for a multiboot kernel, with its arguments; may be given several times", LOADS,
	  .image = true, .group = KX_GROUP_IMAGE, LIST(modules, module_count) },
	{ 0, "args-linux", NULL, "give an ELF kernel what Linux takes (default for Linux)", LOADS,
	  .image = true, .group = KX_GROUP_IMAGE, SET(args_style, KX_ARGS_LINUX) },
	{ 0, "args-elf", NULL, "give an ELF kernel ELF boot notes (default for others)", LOADS,
	  .image = true, .group = KX_GROUP_IMAGE, SET(args_style, KX_ARGS_ELF) },
	{ 0, "args-none", NULL, "give an ELF kernel nothing", LOADS, .image = true,
	  .group = KX_GROUP_IMAGE, SET(args_style, KX_ARGS_NONE) },
	{ 0, "check", "fast|sha256|none",
	  "how to check, before the start, that what was loaded is still intact (default: fast)",
	  LOADS, .ours = true, .group = KX_GROUP_IMAGE, WORD(check) },
	{ 'i', "no-checks", NULL, "the same as --check=none", LOADS, .group = KX_GROUP_IMAGE,
	  SET(check, KX_CHECK_NONE) },

	{ 0, "fast", "safe|none|hints",
	  "how far to go for a short jump: what the next kernel cannot tell (default: safe), "
	  "nothing, "
	  "or also words on its command line",
	  LOADS, .ours = true, .group = KX_GROUP_IMAGE, WORD(fast) },

	{ 0, "sha256", "HEX",
	  "checksum that one of the files must have; may be given several times", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_TRUST, LIST(sha256, sha256_count) },
	{ 0, "sums", "FILE",
	  "checksums of the files: SHA256SUMS, Release or InRelease, a path or an address; each "
	  "further one is checked by those before it",
	  LOADS, .image = true, .ours = true, .group = KX_GROUP_TRUST, LIST(sums, sums_count) },
	{ 0, "sums-signature", "FILE", "the OpenPGP signature of the first --sums, if not in it",
	  LOADS, .image = true, .ours = true, .group = KX_GROUP_TRUST, STRING(sums_signature) },
	{ 0, "keyring", "FILE", "the public keys, one of which must have signed the first --sums",
	  LOADS, .image = true, .ours = true, .group = KX_GROUP_TRUST, STRING(keyring) },
	{ 0, "signed-by", "FILE",
	  "certificate of who must have signed the kernel, or of who vouches for that one; may be "
	  "given several times",
	  LOADS, .image = true, .ours = true, .group = KX_GROUP_TRUST,
	  LIST(signed_by, signed_by_count) },
	{ 0, "signature", "FILE", "the kernel's signature for --signed-by, if not in it", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_TRUST, STRING(signature) },
	{ 0, "cacert", "FILE", "authorities to believe for https, in place of the system's", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_TRUST, STRING(cacert) },
	{ 0, "insecure", NULL, "take what nothing vouches for", LOADS, .image = true, .ours = true,
	  .group = KX_GROUP_TRUST, SET(insecure, 1) },
	{ 0, "fetch-timeout", "SECONDS",
	  "how long a server may send nothing before it is asked again (default: 30)", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_TRUST, STRING(fetch_timeout) },

	{ 0, "mem-min", "ADDR", "lowest address to load to", LOADS, .group = KX_GROUP_PLACE,
	  ADDRESS(mem_min) },
	{ 0, "mem-max", "ADDR", "highest address to load to", LOADS, .group = KX_GROUP_PLACE,
	  ADDRESS(mem_max) },
	{ 0, "entry", "ADDR", "jump back address; only 0, which is none, is built yet", LOADS,
	  .group = KX_GROUP_PLACE, ADDRESS(entry) },

	{ 0, "noefi", NULL, "hand over nothing of EFI", LOADS, .image = true,
	  .group = KX_GROUP_HANDOFF, FLAG(KX_REQUEST_NO_EFI) },
	{ 0, "reuse-video-type", NULL, "hand over the video mode of the last boot as it was", LOADS,
	  .image = true, .group = KX_GROUP_HANDOFF, FLAG(KX_REQUEST_REUSE_VIDEO) },
	{ 0, "pass-memmap-cmdline", NULL, "with -p: pass the memory map on the command line", LOADS,
	  .image = true, .group = KX_GROUP_HANDOFF, FLAG(KX_REQUEST_MEMMAP) },

	{ 0, "keep-network", "auto|kernel|dracut|debian-installer|networkd",
	  "give the next system this one's addresses, routes and names, in the way that its initrd "
	  "understands",
	  LOADS, .image = true, .ours = true, .optional = true, .group = KX_GROUP_HANDOFF,
	  WORD(keep_network), .value = KX_KEEP_NETWORK_AUTO },
	{ 0, "ssh-keys", NULL,
	  "put this machine's ssh host keys and root's authorized_keys into the initrd", LOADS,
	  .image = true, .ours = true, .group = KX_GROUP_HANDOFF, SET(ssh_keys, 1) },
	{ 0, "add", "FILE=PATH", "put FILE into the initrd as PATH; may be given several times",
	  LOADS, .image = true, .ours = true, .group = KX_GROUP_HANDOFF, LIST(adds, add_count) },

	{ 0, "elf32-core-headers", NULL,
	  "with -p: describe the dump by 32-bit ELF headers, up to 4 GiB", LOADS,
	  .group = KX_GROUP_HANDOFF, FLAG(KX_REQUEST_ELF32) },
	{ 0, "elf64-core-headers", NULL, "with -p: by 64-bit ELF headers (default)", LOADS,
	  .group = KX_GROUP_HANDOFF, .kind = KX_OPT_UNFLAG, .value = KX_REQUEST_ELF32 },
	{ 0, "hotplug", NULL,
	  "with -p: let the kernel keep up with memory and CPUs that come and go", LOADS,
	  .group = KX_GROUP_HANDOFF, FLAG(KX_REQUEST_HOTPLUG) },

	{ 0, "console-serial", NULL, "report on the serial port between the kernels", LOADS,
	  .group = KX_GROUP_CONSOLE, FLAG(KX_REQUEST_CONSOLE_SERIAL) },
	{ 0, "console-vga", NULL, "report on the VGA text screen between the kernels", LOADS,
	  .group = KX_GROUP_CONSOLE, FLAG(KX_REQUEST_CONSOLE_VGA) },
	{ 0, "serial", "PORT", "which port that is: ttyS0, ttyS1 or 0xADDR", LOADS,
	  .group = KX_GROUP_CONSOLE, STRING(serial) },
	{ 0, "serial-baud", "RATE", "its rate in bits per second, 9600 to 115200", LOADS,
	  .group = KX_GROUP_CONSOLE, STRING(baud) },
	{ 0, "reset-vga", NULL, "set VGA text mode between the kernels", LOADS,
	  .group = KX_GROUP_CONSOLE, FLAG(KX_REQUEST_RESET_VGA) },

	{ 0, "machine", "DIR", "answer for the machine saved in DIR, not for this one",
	  KX_PLAN | KX_STATUS | KX_CHECK | KX_CRASH, .ours = true, .group = KX_GROUP_OUTPUT,
	  STRING(machine) },
	{ 0, "root", "DIR", "list what could be started in the tree or boot partition at DIR",
	  KX_LIST, .ours = true, .group = KX_GROUP_OUTPUT, STRING(root) },
	{ 0, "json", NULL, "answer in JSON",
	  KX_PLAN | KX_NETBOOT | KX_STATUS | KX_CHECK | KX_LAST | KX_CRASH | KX_LIST, .ours = true,
	  .group = KX_GROUP_OUTPUT, SET(json, 1) },
	{ 0, "svg", NULL, "answer with a drawing in SVG", KX_LAST, .ours = true,
	  .group = KX_GROUP_OUTPUT, SET(svg, 1) },
	{ 'd', "debug", NULL, "print the plan of a load on standard error", LOADS,
	  .group = KX_GROUP_OUTPUT, SET(debug, 1) },
	{ 'h', "help", NULL, "print this help", ALL, .group = KX_GROUP_OUTPUT, STOP },
	{ 'v', "version", NULL, "print the version", ALL, .group = KX_GROUP_OUTPUT, STOP },

	{ 0, "load-preserve-context", NULL, "load KERNEL so that it can jump back", NOT_BUILT },
	{ 0, "load-jump-back-helper", NULL, "load a helper to jump back", NOT_BUILT },
	{ 0, "load-live-update", NULL, "load over the running Xen", NOT_BUILT },
	{ 0, "exec-live-update", NULL, "start a Xen live update", NOT_BUILT },
};

const size_t kx_option_count = KX_ARRAY_SIZE(kx_options);
