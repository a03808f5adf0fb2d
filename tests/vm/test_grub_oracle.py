# SPDX-License-Identifier: GPL-2.0-or-later
"""GRUB 2 itself judges our evaluation of grub.cfg: both must arrive at the same kernel, files and command line."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import grub, grub_scripts, tool

DATA = Path(__file__).resolve().parents[1] / "data/boot"

# `t` writes down what it is given; where a case has no menu, that is the command line.
PRELUDE = """insmod regexp
function t {
  log="${log}[$#"
  for __w in "$@"; do log="${log}<${__w}>"; done
  log="${log}]"
}
"""
POSTLUDE = """
menuentry end { linux /drv.cfg "$log" }
timeout=0
"""


def ours(config, devices):
    """What our evaluation makes of it: the lines of the default entry that say what is booted."""
    argv = [tool.BUILD / "tests/unit/print_grub", *devices, config]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{config}: {done.stdout}{done.stderr}"
    for entry in re.split(r"\n\n(?=id: )", done.stdout):
        if entry.rstrip().endswith("\ndefault"):
            entry = entry.rstrip().removesuffix("default")
            # A value may have several lines.
            values = re.split(r"\n(?=(?:title|type|menu|class|users|linux|initrd|options|module|source|problem): )", entry)
            kept = [v for v in values if v.startswith(("linux: ", "initrd: ", "options: ", "module: "))]
            return kept if "\ntype: none\n" not in entry and "\ntype: chainload\n" not in entry else []
    return []


def flat(lines):
    """Without line ends: those in arguments are told from GRUB's breaking of long lines by neither."""
    return sorted("".join(line.split("\n")).rstrip() for line in lines)


def write_cases(tree, cases):
    for number, text in enumerate(cases):
        folder = tree / "c" / str(number)
        folder.mkdir(parents=True)
        (folder / "case.cfg").write_text(text, encoding="utf-8")
        (folder / "run.cfg").write_text(f"{PRELUDE}source (hd0)/c/{number}/case.cfg\n{POSTLUDE}", encoding="utf-8")


def compare(tree, cases, said):
    """The cases that GRUB and we do not agree on."""
    differ = []
    for number, text in enumerate(cases):
        its = grub.arrived(said[number])
        mine = ours(f"(hd0)/c/{number}/run.cfg", [f"hd0={tree},,BATCH"])
        if flat(its) != flat(mine):
            differ.append(f"--- {number}\n{text}\nGRUB: {its}\nours: {mine}\n{said[number]}")
    return differ


def judge(tmp_path, cases):
    """Runs the cases in GRUB, and in ours; says where they differ."""
    tree = tmp_path / "tree"
    shutil.copytree(DATA / "language", tree)
    write_cases(tree, cases)
    said = grub.run(tree, [("hd0", f"(hd0)/c/{n}/run.cfg") for n in range(len(cases))], {})
    differ = compare(tree, cases, said)
    assert not differ, f"{len(differ)} of {len(cases)}:\n" + "\n".join(differ)


def test_language(tmp_path):
    """Each construct, and each way to get it wrong."""
    judge(tmp_path, (DATA / "language/cases.txt").read_text(encoding="utf-8").split("%%\n"))


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_generated(tmp_path, first):
    """Scripts at random."""
    judge(tmp_path, [grub_scripts.script(seed) for seed in range(first, first + 100)])


# Trees whose grub.cfg asks for nothing that Debian's GRUB does not have, as blscfg.
TREES = ("debian-10", "debian-11", "debian-12", "debian-13", "ubuntu-22.04", "opensuse-leap", "centos-7", "qubes")


def boot_device(tree):
    """What holds /boot, by the tree's fstab: (directory, UUID)."""
    mounts = [line.split() for line in (tree / "etc/fstab").read_text(encoding="ascii").splitlines()]
    uuids = {where: what.removeprefix("UUID=") for what, where, *_ in mounts}
    return (tree / "boot", uuids["/boot"]) if "/boot" in uuids else (tree, uuids["/"])


def entry_ids(config, device):
    done = subprocess.run([tool.BUILD / "tests/unit/print_grub", device, config], check=True, capture_output=True,
                          text=True)
    return re.findall(r"(?m)^id: (.*)$", done.stdout)


def test_corpus(tmp_path):
    """The default, and every entry by its id, of each tree that a distribution's own tool or its like has written."""
    (tmp_path / "tree").mkdir()
    devices, cases, configs = {}, [], []
    for number, name in enumerate(TREES):
        origin, uuid = boot_device(DATA / name / "tree")
        device, folder = f"d{number}", tmp_path / f"d{number}"
        shutil.copytree(origin, folder)
        devices[device] = (folder, uuid, name)
        cfg = next(folder.rglob("grub.cfg"))
        place = f"({device})/{cfg.parent.relative_to(folder)}"
        ids = entry_ids(f"{place}/grub.cfg", f"{device}={folder},{uuid},{name}")
        assert ids, name
        for index, chosen in enumerate([None, *ids]):
            default = "" if chosen is None else f"default='{chosen}'\n"
            (cfg.parent / f"run{index}.cfg").write_text(f"source {place}/grub.cfg\n{default}timeout=0\n",
                                                        encoding="utf-8")
            cases.append((device, f"{place}/run{index}.cfg"))
            configs.append((name, chosen, f"{device}={folder},{uuid},{name}"))
    said = grub.run(tmp_path / "tree", cases, devices)
    differ, booted = [], 0
    for number, ((_, config), (name, chosen, device)) in enumerate(zip(cases, configs)):
        its, mine = grub.arrived(said[number]), ours(config, [device])
        booted += bool(its)
        if flat(its) != flat(mine):
            differ.append(f"--- {name} {chosen}\nGRUB: {its}\nours: {mine}\n{said[number]}")
    assert not differ, f"{len(differ)} of {len(cases)}:\n" + "\n".join(differ)
    assert booted > len(cases) // 2
