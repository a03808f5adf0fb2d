#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Are the fuzzers any good? Plants one bug at a time into a copy of the source, and expects the
fuzzer to find it in time, starting from nothing but the seeds. Three a parser: an off-by-one, an
overflow, a missing check. Arguments: names of fuzzers, none for all.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS_MAX = int(os.environ.get("SECONDS_MAX", "300"))
TOP = Path(__file__).resolve().parents[2]
FOUND = re.compile(r"not true: .*|ERROR: AddressSanitizer: \S+|runtime error: .*")

# (fuzzer, kind, file, what is there, what is planted in its place)
BUGS = [
    ("bzimage", "off-by-one", "libkexec/format/bzimage.c",
     "while (size < text.size && text.data[size])",
     "while (size <= text.size && text.data[size])"),
    ("bzimage", "overflow", "libkexec/format/bzimage.c",
     "if (!kx_view_sub(image->payload, offset, length, &image->compressed))",
     "image->compressed = kx_view_of(image->payload.data + offset, length);\n"
     "	if (offset + length > image->payload.size)"),
    ("bzimage", "missing check", "libkexec/format/bzimage.c",
     "if (image->init_size < image->payload.size)",
     "if (0)"),
    ("bls", "off-by-one", "libkexec/boot/lines.c",
     "	out = malloc(used + strlen(folder) + strlen(path) + 4);",
     "	out = malloc(used + strlen(folder) + strlen(path) + 1);"),
    ("bls", "overflow", "libkexec/boot/bls.c",
     "value = value > INT_MAX ? value : value * 10 + (*p - '0');",
     "value = (int)value * 10 + (*p - '0');"),
    ("bls", "missing check", "libkexec/boot/bls.c",
     "if (!bls->kernel && !bls->efi && !bls->uki && !bls->uki_url)",
     "if (0)"),
    ("loaders", "off-by-one", "libkexec/boot/lines.c",
     "for (size_t i = 0; r == 0 && i <= value.size; i++) {\n		if (i < value.size && ",
     "for (size_t i = 0; r == 0 && i <= value.size + 1; i++) {\n		if (i <= value.size && "),
    ("loaders", "overflow", "libkexec/boot/extlinux.c",
     "size_t n = strlen(name), m = strlen(suffix);\n\n	return n >= m && ",
     "size_t n = strlen(name), m = strlen(suffix);\n\n	return n + m && "),
    ("loaders", "missing check", "libkexec/boot/menulst.c",
     "if (reader->wanted >= entries->count)",
     "if (0)"),
    ("volumes", "off-by-one", "libkexec/boot/volumes.c",
     "			p += 4;",
     "			p += 5;"),
    ("volumes", "overflow", "libkexec/boot/volumes.c",
     "!strncmp(path, folder, n) && (!path[n] || path[n] == '/')",
     "!strncmp(path, folder, 1) && (!path[n] || path[n] == '/')"),
    ("volumes", "missing check", "libkexec/boot/volumes.c",
     "if (!old)\n		return kx_volumes_add",
     "if (true)\n		return kx_volumes_add"),
    ("elf", "off-by-one", "libkexec/format/elf.c",
     "	for (size_t i = 0; i < elf->phdr_count; i++) {\n		p = table.data",
     "	for (size_t i = 0; i <= elf->phdr_count; i++) {\n		p = table.data"),
    ("elf", "overflow", "libkexec/format/elf.c",
     "if (!kx_view_has(file, ph->offset, ph->filesz) && ph->filesz)",
     "if (ph->offset + ph->filesz > file.size)"),
    ("elf", "missing check", "libkexec/format/elf.c",
     "return check_overlaps(elf, err);",
     "(void)check_overlaps;\n	return 0;"),
    ("grub", "off-by-one", "libkexec/boot/grub_expand.c",
     "	while (room < a->used + more + 1)",
     "	while (room < a->used + more)"),
    ("grub", "overflow", "libkexec/boot/grub_parse.c",
     "text = kx_grub_alloc(p->lexer->arena, end - start + 1);",
     "text = kx_grub_alloc(p->lexer->arena, (uint8_t)(end - start) + 1);"),
    ("grub", "missing check", "libkexec/boot/grub_basics.c",
     "if (n < 0 || n > g->args->count)",
     "if (n < 0)"),
    ("grub", "off-by-one (names)", "libkexec/boot/grub_lex.c",
     "name = kx_grub_alloc(lexer->arena, n + 1);",
     "name = kx_grub_alloc(lexer->arena, n);"),
    ("grub", "off-by-one (blscfg)", "libkexec/boot/grub_blscfg.c",
     "if (s->room - s->used <= size) {\n		s->room = 2 * (s->used + size) + 256;",
     "if (s->room - s->used < size) {\n		s->room = s->used + size;"),
    ("grub", "overflow (ids)", "libkexec/boot/grub_menu.c",
     "strlen(above) + 2 * strlen(name) + 2",
     "strlen(above) + strlen(name) + 2"),
    ("grub", "missing restore (functions)", "libkexec/boot/grub_menu.c",
     "	g->functions = scope->functions;\n",
     ""),
    ("grub", "missing check (default)", "libkexec/boot/grub_menu.c",
     "if (!item->submenu && item->out < g->out->count)",
     "if (true)"),
    ("initrd", "off-by-one", "libkexec/initrd.c",
     "calloc(count + 1, sizeof(*initrd->parts))",
     "calloc(count, sizeof(*initrd->parts))"),
    ("initrd", "overflow", "libkexec/initrd.c",
     "size > BOOTCONFIG_MAX || size > trailer ||\n"
     "	    !kx_view_sub(file, trailer - size, size, &config))",
     "size + (uint32_t)TRAILER_SIZE > file.size ||\n"
     "	    (config = kx_view_of(file.data + trailer - size, size), 0))"),
    ("initrd", "missing check", "libkexec/initrd.c",
     "if (!bytes.size)",
     "if (0)"),
    ("iomem", "off-by-one", "libkexec/machine/text.c",
     "copy = malloc(text.size + 1);",
     "copy = malloc(text.size);"),
    ("iomem", "overflow", "libkexec/machine/iomem.c",
     "kx_add_overflow(entry->end, 1, &entry->end)",
     "(entry->end++, 0)"),
    ("iomem", "missing check", "libkexec/machine/iomem.c",
     "if (entry->end < entry->start || ",
     "if ("),
    ("memmap", "off-by-one", "libkexec/machine/text.c",
     "n += end != NULL;",
     "n += 1;"),
    ("memmap", "overflow", "libkexec/machine/firmware_memmap.c",
     "kx_add_overflow(end, 1, &end)",
     "(end++, 0)"),
    ("memmap", "missing check", "libkexec/machine/firmware_memmap.c",
     "if (end < first || ",
     "if ("),
    ("dropbear", "off-by-one", "libkexec/carry/dropbear.c",
     "size = 4 + name.size;",
     "size = 3 + name.size;"),
    ("dropbear", "overflow", "libkexec/carry/dropbear.c",
     "kx_view_sub(*rest, 0, size, ret) &&",
     "(*ret = kx_view_of(rest->data, size), 1) &&"),
    ("dropbear", "missing check", "libkexec/carry/dropbear.c",
     "if (!take_string(&key, &fields[i]))",
     "if (!take_string(&key, &fields[i]) && 0)"),
    ("relocs", "off-by-one", "libkexec/arch/x86/relocs.c",
     "if (at->size >= width && address - at->start <= at->size - width)",
     "if (at->size >= width && address - at->start <= at->size - width + 1)"),
    ("relocs", "overflow", "libkexec/arch/x86/relocs.c",
     "if (at->size >= width && address - at->start <= at->size - width)",
     "if (address >= at->start && address - at->start <= at->size - width)"),
    ("relocs", "missing check", "libkexec/arch/x86/relocs.c",
     "if (tail.size % ENTRY_SIZE || kx_le32(tail.data))",
     "if (kx_le32(tail.data))"),
    ("spcr", "off-by-one", "libkexec/machine/spcr.c",
     "code < sizeof(bauds) / sizeof(bauds[0])",
     "code <= sizeof(bauds) / sizeof(bauds[0])"),
    ("spcr", "overflow", "libkexec/machine/spcr.c",
     "!kx_view_sub(table, 0, length, &table)",
     "(uint8_t)length > table.size || (table.size = length, 0)"),
    ("spcr", "missing check", "libkexec/machine/spcr.c",
     "if (access > 3)",
     "if (0)"),
    ("text", "off-by-one", "libkexec/cmdline.c",
     "quoted && end > word->name && end[-1] == '\"'",
     "quoted && end[-1] == '\"'"),
    ("text", "overflow", "libkexec/cmdline.c",
     "out = malloc(strlen(machine->cmdline) + 1);",
     "out = malloc((uint8_t)(strlen(machine->cmdline) + 1));"),
    ("text", "missing check", "libkexec/cmdline.c",
     "if (!*s)\n		return false;",
     ""),
    ("multiboot", "off-by-one", "libkexec/format/multiboot1.c",
     "header.offset += 4;",
     "header.offset += 3;"),
    ("multiboot", "overflow", "libkexec/format/multiboot1.c",
     "if (!kx_view_has(head, header.offset, ADDRESSES_END))",
     "if ((uint8_t)(header.offset + ADDRESSES_END) > head.size)"),
    ("multiboot", "missing check", "libkexec/format/multiboot1.c",
     "if (flags & 0xffff & ~KNOWN)",
     "if (0)"),
    ("nbi", "off-by-one", "libkexec/format/nbi.c",
     "if (record->memory < length)",
     "if (record->memory + 1 < length)"),
    ("nbi", "overflow", "libkexec/format/nbi.c",
     "if (!kx_view_sub(file, data, length, &record->bytes))",
     "record->bytes = kx_view_of(file.data + data, length);\n"
     "	if ((uint32_t)data + length > file.size)"),
    ("nbi", "missing check", "libkexec/format/nbi.c",
     "if (!kx_view_sub(head, at, 16, &fields))",
     "if (!kx_view_sub(file, at, 16, &fields))"),
    ("plan", "off-by-one", "libkexec/format/elf_load.c",
     "memcpy(copy + (pieces[i].start - start),",
     "memcpy(copy + (pieces[i].start - start) + 1,"),
    ("plan", "overflow", "libkexec/plan.c",
     "kx_ranges_remove(&plan->free, at, at + pages.size)",
     "kx_ranges_remove(&plan->free, at, at + (uint16_t)pages.size)"),
    ("plan", "missing check", "libkexec/format/elf_load.c",
     "if (count == 1 && pieces->start == start)",
     "if (count == 1)"),
    ("real_mode", "off-by-one", "libkexec/format/real_mode.c",
     "layout->cmdline + strlen(plan->cmdline) + 1;",
     "layout->cmdline + strlen(plan->cmdline);"),
    ("real_mode", "overflow", "libkexec/format/real_mode.c",
     "(uint32_t)(dest + layout->cmdline)",
     "(uint16_t)(dest + layout->cmdline)"),
    ("real_mode", "missing check", "libkexec/format/bzimage32.c",
     "if (image->version < VERSION_32)",
     "if (0)"),
    ("elf_x86", "off-by-one", "libkexec/format/elf_x86.c",
     "(size_t)kx_align_up(strlen(text) + 1, 4)",
     "(size_t)kx_align_up(strlen(text), 4)"),
    ("elf_x86", "overflow", "libkexec/format/elf_load.c",
     "segment->bufsz = last->start - start + last->bytes.size;",
     "segment->bufsz = (uint8_t)(last->start - start + last->bytes.size);"),
    ("elf_x86", "missing check", "libkexec/format/elf_load.c",
     "if (!physical)",
     "if (!physical && false)"),
    ("zboot", "off-by-one", "libkexec/format/zboot.c",
     "if (!size || offset < HEADER_END)",
     "if (!size || offset + 1 < HEADER_END)"),
    ("zboot", "overflow", "libkexec/format/zboot.c",
     "if (!kx_view_sub(file, offset, size, ret))",
     "*ret = kx_view_of(file.data + offset, size);\n"
     "	if (offset + size > file.size)"),
    ("zboot", "missing check", "libkexec/format/zboot.c",
     "if (!size || offset < HEADER_END)",
     "if (offset < HEADER_END)"),
    ("foreign", "off-by-one", "libkexec/format/foreign.c",
     "at + i < file.size; i++",
     "at + i <= file.size; i++"),
    ("foreign", "overflow", "libkexec/format/foreign.c",
     "i + 1 < sizeof(head) &&",
     "(uint8_t)(i * sizeof(head)) < 255 &&"),
    ("foreign", "missing check", "libkexec/format/foreign.c",
     "while (at < file.size && at < 64 &&",
     "while (at < 64 &&"),
    ("compress", "off-by-one", "libkexec/compress/gzip.c",
     "*ret_used = fed - z->avail_in;",
     "*ret_used = fed - z->avail_in + 1;"),
    ("compress", "overflow", "libkexec/compress/table.c",
     "|| end > sink->max)",
     "|| (uint16_t)end > sink->max)"),
    ("compress", "missing check", "libkexec/format/compressed.c",
     "if (!size)",
     "if (0)"),
    ("machine", "off-by-one", "libkexec/machine/console.c",
     "if (tty >= KX_ARRAY_SIZE(pc_ports))",
     "if (tty > KX_ARRAY_SIZE(pc_ports))"),
    ("machine", "overflow", "libkexec/machine/kexec_state.c",
     "&value) && value <= INT_MAX)",
     "&value))"),
    ("machine", "missing check", "libkexec/machine/cpu.c",
     "machine->c_bit = ebx & 0x3f;",
     "machine->c_bit = ebx;"),
    ("machine", "off-by-one (kcore)", "libkexec/machine/kernel_map.c",
     "for (size_t i = 0; i < count; i++)",
     "for (size_t i = 0; i <= count; i++)"),
    ("machine", "overflow (core headers)", "libkexec/crash/elfcore.c",
     "size_t most = crash->note_count + 2 + 3 * core->ram->count;",
     "size_t most = (uint8_t)(crash->note_count + 2 + 3 * core->ram->count) & 7;"),
    ("machine", "missing check (core headers)", "libkexec/crash/elfcore.c",
     "if (kx_ranges_remove(&ram, crash.v[i].start, crash.v[i].end) < 0)",
     "if (0)"),
    ("uki", "off-by-one", "libkexec/format/pe.c",
     "memcpy(section->name, header, KX_PE_NAME_SIZE);",
     "memcpy(section->name, header, KX_PE_NAME_SIZE + 1);"),
    ("uki", "overflow", "libkexec/format/pe.c",
     "if (size && !kx_view_sub(file, at, size, &pe->certificates))",
     "pe->certificates = kx_view_of(file.data + at, size);\n"
     "	if (at + size > file.size)"),
    ("uki", "missing check", "libkexec/format/uki.c",
     "if (group->has[part])",
     "if (0)"),
    ("vmcore", "off-by-one", "libkexec/vmcore/vmcoreinfo.c",
     "info = kx_view_of(end + 1, info.size - line - 1);",
     "info = kx_view_of(end + 1, info.size - line);"),
    ("vmcore", "overflow", "libkexec/vmcore/vmcoreinfo.c",
     "kx_mul_overflow(number, base, &number)",
     "(number *= base, false)"),
    ("vmcore", "missing check", "libkexec/vmcore/kdump.c",
     "if (size > kdump->block)",
     "if (0)"),
    ("vmcore", "off-by-one (snappy)", "libkexec/vmcore/snappy.c",
     "length > room - *at)",
     "length > room - *at + 1)"),
]


def run(*argv, **kwargs):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **kwargs)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}:\n{done.stdout}{done.stderr}")


def copy_source(into):
    ignore = shutil.ignore_patterns(".git", "build*", "__pycache__")
    shutil.copytree(TOP, into, symlinks=True, ignore=ignore)
    env = dict(os.environ, CC=os.environ.get("CC", "clang"))
    run("meson", "setup", into / "build", into, "-Dfuzz=true", "-Db_lundef=false",
        "-Db_sanitize=address,undefined", env=env)
    run("ninja", "-C", into / "build", "tests/fuzz/seeds")


def hunt(source, name):
    """What the fuzzer says of the bug, by what it found it, and after how many seconds; None if it
    finds nothing."""
    seeds = [source / "build/tests/fuzz/seeds" / name, source / "tests/fuzz/corpus" / name]
    # libFuzzer cuts a seed that is longer.
    longest = max(seed.stat().st_size for folder in seeds if folder.is_dir() for seed in folder.iterdir())
    with tempfile.TemporaryDirectory() as scratch:
        start = time.monotonic()
        done = subprocess.run(
            [source / "build/tests/fuzz" / f"fuzz_{name}", f"-max_total_time={SECONDS_MAX}",
             f"-max_len={max(longest, 4400)}", f"-artifact_prefix={scratch}/", scratch,
             *(str(s) for s in seeds if s.is_dir())],
            capture_output=True, text=True, errors="replace", check=False)
        took = time.monotonic() - start
    said = FOUND.search(done.stderr)
    by = "a change" if "INITED" in done.stderr else "a seed"
    return (said.group(0), by, took) if done.returncode and said else None


def plant(source, bug):
    """Hunt one planted bug; True if it is found."""
    name, kind, file, there, planted = bug
    path = source / file
    original = path.read_text(encoding="utf-8")
    if original.count(there) != 1:
        sys.exit(f"{name}, {kind}: {file} has {original.count(there)} times: {there}")
    path.write_text(original.replace(there, planted), encoding="utf-8")
    run("ninja", "-C", source / "build", f"tests/fuzz/fuzz_{name}")
    found = hunt(source, name)
    path.write_text(original, encoding="utf-8")
    if found:
        said, by, took = found
        print(f"| {name} | {kind} | {by}, {took:.0f} s | `{said}` |", flush=True)
    else:
        print(f"| {name} | {kind} | NOT FOUND in {SECONDS_MAX} s | |", flush=True)
    return bool(found)


def main():
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        copy_source(source)
        results = [plant(source, bug) for bug in BUGS if not wanted or bug[0] in wanted]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
