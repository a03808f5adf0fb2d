# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB itself, evaluating a batch of configurations in one boot and saying at what it arrives.

The core image has no commands that load anything, so functions of those names are called, which print what they are given.
Each configuration is run by `configfile`, with no timeout: GRUB enters the default entry, finds that nothing was loaded,
waits for a key, shows the menu, and a second key leads back to the batch.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import assets, payload
from .qemu import Qemu, Spec

MODULES = """normal test echo configfile search search_fs_uuid search_fs_file search_label loadenv regexp iso9660 ext2
loopback probe serial terminal true sleep halt part_gpt part_msdos biosdisk eval minicmd""".split()
# A screen as small as can be for menus, since each byte of them takes its time; a wide one to print on.
SMALL, WIDE = "terminfo -g 80x8 serial dumb", "terminfo -g 2000x8 serial dumb"
START = f"""serial --unit=0 --speed=115200
{SMALL}
terminal_output serial
terminal_input serial
root=hd0
normal (hd0)/driver.cfg
"""
# What the commands that load would have been told. The file has to be there, or else they fail as the real ones do.
LOADERS = ("linux", "linux16", "linuxefi", "initrd", "initrd16", "initrdefi", "multiboot", "multiboot2", "module",
           "module2", "chainloader", "devicetree")
LOADER = """function {name} {{
  if [ "$1" = --nounzip ]; then shift; fi
  {wide}
  echo "@@{name}"
  for __w in "$@"; do echo "@|$__w"; done
  if [ -f "$1" ]; then echo "@(${{root}})"; elif [ "{kernel}" ]; then echo "@@missing-kernel"; echo "@|"; echo "@()"; fi
  {small}
  [ -f "$1" ]
}}
"""
KEY = "\x1b"
WAITS = "Press any key to continue"
MENU = "Use the "
PAGER = "--MORE--"


def image(folder, name, uuid, label):
    """An ext2 image of a directory; GRUB finds it by UUID and label."""
    out = folder.parent / f"{folder.name}.img"
    with open(out, "wb") as file:
        file.truncate(4 << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-U", uuid, "-L", label, "-d", folder, out], check=True,
                   capture_output=True)
    return out


def driver(cases, devices):
    """The batch: each case by its number, between two lines that cannot be mistaken."""
    lines = [LOADER.format(name=name, kernel=name if name[0] in "lc" or name[:2] == "mu" else "", small=SMALL, wide=WIDE) for name in LOADERS]
    for name in devices:
        lines.append(f"loopback {name} (hd0)/images/{name}.img\n")
    for number, (root, config) in enumerate(cases):
        lines.append(f"echo '@@case {number}'\nroot={root}\nprefix={config.rpartition('/')[0]}\nconfigfile {config}\necho '@@end {number}'\n")
    return "".join(lines) + "echo '@@done'\n"


def make_iso(tree, cases, devices):
    """@tree is what (hd0) holds; @devices: name -> (directory, UUID, label)."""
    if not shutil.which("xorriso"):
        raise assets.AssetMissing("xorriso is not there, install the package xorriso")
    (tree / "images").mkdir(exist_ok=True)
    for name, (folder, uuid, label) in devices.items():
        image(folder, name, uuid, label).rename(tree / "images" / f"{name}.img")
    (tree / "driver.cfg").write_text(driver(cases, devices), encoding="utf-8")
    out = tree.parent / "batch.iso"
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "BATCH", "-o", out, tree], check=True,
                   capture_output=True)
    return out


def press_keys(guest):
    """A key wherever GRUB waits for one, until the batch is done."""
    at = 0
    pattern = re.compile(f"{WAITS}|{MENU}|{PAGER}|@@done")
    while True:
        found = guest.wait_for("a key to press", lambda: pattern.search(guest.text["console"], at))
        if found.group() == "@@done":
            return guest.text["console"]
        at = found.end()
        guest.send("console", " " if found.group() == PAGER else KEY)


def run(tree, cases, devices, suite="bookworm", modules=()):
    """What the GRUB of a Debian suite says for each case: {number: text}."""
    with tempfile.TemporaryDirectory() as folder:
        core = Path(folder) / "core.img"
        core.write_bytes(payload.grub_core([*MODULES, *modules], START, suite))
        iso = make_iso(tree, cases, devices)
        spec = Spec(kernel=core, initrd=b"\0", memory="256M",
                    extra=["-drive", f"file={iso},format=raw,if=ide,snapshot=on"])
        with Qemu(spec) as guest:
            said = press_keys(guest)
    said = re.sub(rf"\x1b\[[0-9;?]*[A-Za-z]|{PAGER}[ \r]*", "", said)
    return {int(n): text for n, text in re.findall(r"@@case (\d+)\n(.*?)(?=@@case |@@done)", said, re.S)}


def quoted(arg):
    """As GRUB puts an argument onto a kernel's command line."""
    escaped = re.sub(r"([\\\"'])", r"\\\1", arg)
    return f'"{escaped}"' if " " in arg else escaped


def calls(text):
    """(name, words, root) of each command that found its file. A word may have several lines."""
    name, words = None, []
    for line in text.split("\n"):
        if line.startswith("@@"):
            name, words = line[2:], []
        elif line.startswith("@|"):
            words.append(line[2:])
        elif line.startswith("@("):
            yield name, words, line[2:-1]
            name = None
        elif name and words:
            words[-1] += "\n" + line


def arrived(text):
    """What would have been booted by the entry that GRUB first says to boot, as print_grub puts it."""
    text = re.split(r"Falling back to|Failed to boot|Press any key", text)[0]
    text = text.split("Booting `")[-1]
    kernel, options, initrds, modules, devicetree = None, "", [], [], []
    for name, words, root in calls(text):
        paths = [w if w.startswith("(") else f"({root})/{w.removeprefix('/')}" for w in words]
        if name.startswith(("linux", "multiboot")):
            kernel, options, initrds, modules, devicetree = paths[0], " ".join(map(quoted, words[1:])), [], [], []
        elif name.startswith("initrd"):
            initrds = [f"initrd: {p}" for p in paths]
        elif name.startswith("module"):
            modules.append(f"module: {paths[0]}|" + " ".join(map(quoted, words[1:])))
        elif name == "devicetree":
            devicetree = [f"devicetree: {paths[0]}"]
        elif name == "missing-kernel":
            kernel = None
    if not kernel:
        return []
    return [f"linux: {kernel}", *initrds, *([f"options: {options}"] if options else []), *devicetree, *modules]
