# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the downtime goes: builds and feeds the QEMU plugin phases.c, and reads what it writes."""

import struct
import subprocess
from pathlib import Path

import guests
from lab import vmlinux

HERE = Path(__file__).resolve().parent
ENTRY_BYTES = 6  # QEMU's translation blocks end early in entry code

# Linux's functions, as phases.c wants them. Each phase lasts until the next one begins.
FUNCTIONS = (
    ("phase", "kernel_init_freeable", "initcalls"),
    ("thread", "do_populate_rootfs", "initrd unpack"),
    ("drop", "flush_delayed_fput", ""),
    ("thread", "cryptomgr_test", "crypto self-tests"),
    ("drop", "do_exit", ""),
    ("switch", "__switch_to_asm", ""),
    ("switched", "__switch_to", ""),
)
ORDER = ("old kernel", "page copy", "purgatory", "decompressor", "kernel start", "initcalls",
         "crypto self-tests", "initrd unpack")


def build(folder):
    path = folder / "phases.so"
    subprocess.run(["gcc", "-O2", "-g0", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                    "-shared", "-fPIC", str(HERE / "phases.c"), "-o", str(path)], check=True)
    return path


def _decompressor_entry(image):
    """The 64-bit entry of a bzImage (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol")."""
    return image[((image[0x1F1] or 4) + 1) * 512 + 0x200:]


def _segments(elf):
    """(offset, physical address, bytes) of each loadable segment (ELF-64 Object File Format, 5)."""
    table, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for number in range(count):
        kind, _, offset, _, address, length = struct.unpack_from("<IIQQQQ", elf, table + number * size)
        if kind == 1:
            yield offset, address, length


def loaded_bytes(elf):
    return sum(length for *_, length in _segments(elf))


def _elf_entry(elf):
    """The code at the entry point, which is a physical address in vmlinux."""
    entry, = struct.unpack_from("<Q", elf, 24)
    return next(elf[offset + entry - address:] for offset, address, length in _segments(elf)
                if address <= entry < address + length)


def configuration(program, kernel):
    """The plugin's configuration for a kernel that is jumped to."""
    image = kernel.read_bytes()
    wanted = tuple(name for _, name, _ in FUNCTIONS)
    known = guests.symbols(program, kernel, ("_text", *wanted))
    lines = [f"text {known['_text']:x}"]
    for name, code in (("decompressor", _decompressor_entry(image)),
                       ("kernel start", _elf_entry(vmlinux.extract(image)))):
        lines.append(f"entry {code[:ENTRY_BYTES].hex()} {name}")
    lines += [f"{kind} {known[name]:x} {label}" for kind, name, label in FUNCTIONS if name in known]
    return "".join(line + "\n" for line in lines)


class Plugin:
    """The plugin, ready for a run with one kernel."""

    def __init__(self, path, folder, program, kernel):
        self.config, self.out = folder / "phases.config", folder / "phases.out"
        self.config.write_text(configuration(program, kernel), encoding="ascii")
        self.arguments = ("-plugin", f"{path},config={self.config},out={self.out}")

    def read(self):
        """{part: ms}, in the order of time.

        A phase takes what the clock says, less what its threads did. The instructions of translation
        blocks come to 0.3 % more than the clock, since some blocks are left early.
        """
        parts = {}
        for line in self.out.read_text(encoding="ascii").splitlines():
            name, instructions, taken, clock = line.split(",")
            own = int(clock) - int(taken) if int(clock) else int(instructions)
            parts[name] = own / 1e6
        self.out.unlink()
        return {name: parts[name] for name in ORDER if name in parts}
