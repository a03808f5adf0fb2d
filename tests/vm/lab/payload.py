# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not Linux: built by the tests or from Debian, and watched by the text that it shows."""

import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from . import assets, jump
from .qemu import TIMEOUT, GuestFailed

SOURCES = Path(__file__).resolve().parents[1] / "payloads"
VGA_TEXT, VGA_SIZE, COLUMNS = 0xB8000, 4000, 80

# memtest86+ measures each cache before it draws its screen, and an emulated one is slow.
SMALL_CACHE = "qemu64,-cx16,l3-cache=off"


def _link(name, defines, *link):
    with tempfile.TemporaryDirectory() as folder:
        obj, out = f"{folder}/o", Path(folder) / "out"
        source = SOURCES / f"{name}.S"
        subprocess.run(["gcc", "-m32", *(f"-D{d}" for d in defines), "-c", source, "-o", obj],
                       check=True)
        subprocess.run(["ld", "-m", "elf_i386", *link, obj, "-o", out], check=True)
        return out.read_bytes()


def assemble(name, at=0x7C00, *defines):
    """The bytes of payloads/NAME.S, linked to run at an address."""
    return _link(name, defines, "--oformat=binary", f"-Ttext={at:#x}")


def program32(name):
    """payloads/NAME.S as a program for an i386 kernel."""
    return _link(name, ())


def iso(boot):
    """An ISO 9660 image that BIOSes boot by an El Torito entry without emulation."""
    if not shutil.which("xorriso"):
        raise assets.AssetMissing("xorriso is not there, install the package xorriso")
    with tempfile.TemporaryDirectory() as folder:
        tree, out = Path(folder) / "tree", Path(folder) / "image"
        tree.mkdir()
        (tree / "boot").write_bytes(boot)
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", out, "-b", "boot",
                        "-no-emul-boot", "-boot-load-size", "4", tree], check=True)
        return out.read_bytes()


def floppy(boot):
    """A floppy image of 1.44 MB."""
    return boot.ljust(1440 * 1024, b"\0")


def u_boot():
    """uboot.elf looks for a device tree right behind it; u-boot.bin is the same bytes with one."""
    elf = package_file("bookworm", "u-boot-qemu", "qemu-x86_64/uboot.elf").read_bytes()
    flat = package_file("bookworm", "u-boot-qemu", "qemu-x86_64/u-boot.bin").read_bytes()
    phoff, = struct.unpack_from("<Q", elf, 32)
    offset, = struct.unpack_from("<Q", elf, phoff + 8)
    image = bytearray(elf[:offset] + flat)
    struct.pack_into("<QQ", image, phoff + 32, len(flat), len(flat))
    struct.pack_into("<H", image, 56, 1)  # only the first program header
    return bytes(image)


def package_file(suite, package, name, members=()):
    """The path of a file, by the end of its name, in a Debian package."""
    root = assets.unpack(suite, package, members)
    found = sorted(p for p in root.rglob("*") if str(p).endswith(name) and p.is_file()
                   and not p.is_symlink())
    if not found:
        raise assets.AssetMissing(f"{package} of {suite} holds no {name}")
    return found[0]


def screen(guest):
    """The lines of the VGA text screen."""
    path = guest.folder / "screen"
    guest.qmp("pmemsave", val=VGA_TEXT, size=VGA_SIZE, filename=str(path))
    text = path.read_bytes()[::2].decode("cp437")
    return [text[i:i + COLUMNS].rstrip() for i in range(0, len(text), COLUMNS)]


def wait_screen(guest, words, timeout=TIMEOUT):
    """Wait until the screen shows words; writes to video memory make no event, hence the turns."""
    deadline = guest.clock() + timeout
    while True:
        lines = screen(guest)
        if words in "\n".join(lines):
            return lines
        if guest.ended() or guest.clock() > deadline:
            shown = "\n".join(line for line in lines if line)
            raise GuestFailed(f"no {words!r} on the screen ({guest.ended()}):\n{shown}")
        time.sleep(0.2)


def start(files, command, **spec):
    """Boot a guest with these files in /boot, load by command, and jump; the guest to be watched."""
    guest = jump.boot(files={f"/boot/{name}": data for name, data in files.items()}, **spec)
    try:
        guest.ok(command)
        guest.said = len(guest.text["console"])
        guest.start("exec kexec --exec")
    except BaseException as error:
        guest.__exit__(type(error))
        raise
    return guest


def grub_core(modules, config, suite="bookworm"):
    """GRUB's core image for a BIOS, with modules and the commands that it runs first."""
    tool = package_file("bookworm", "grub-common", "bin/grub-mkimage")
    modules_at = package_file(suite, "grub-pc-bin", "i386-pc/kernel.img").parent
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config").write_text(config, encoding="ascii")
        done = subprocess.run(
            [tool, "-O", "i386-pc", "-d", modules_at, "-p", "", "-c", f"{folder}/config", "-o",
             f"{folder}/core", *modules], check=False, capture_output=True, text=True)
        if done.returncode:
            raise assets.AssetMissing(f"grub-mkimage does not run here: {done.stderr.strip()}")
        return (Path(folder) / "core").read_bytes()


def resolution(guest):
    """(width, height) of what the display shows."""
    path = guest.folder / "picture"
    guest.qmp("screendump", filename=str(path))
    _, width, height, *_ = path.read_bytes()[:32].split()
    return int(width), int(height)
