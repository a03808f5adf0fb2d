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
            values = re.split(r"\n(?=(?:title|type|menu|class|users|linux|initrd|options|devicetree|module|source|problem): )", entry)
            kept = [v for v in values if v.startswith(("linux: ", "initrd: ", "options: ", "devicetree: ", "module: "))]
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


# ---- blscfg: GRUB's own, which 2.14 has and Debian's stable releases have not --------------------------------------

TWO_FOURTEEN = {"suite": "sid", "modules": ["blsuki"]}


def write_bls_case(tree, number, text):
    """A script, and files behind lines of "-- NAME"; its folder is $d."""
    script, *files = re.split(r"(?m)^-- (.*)\n", text)
    folder = tree / "c" / str(number)
    folder.mkdir(parents=True)
    for name, content in zip(files[::2], files[1::2]):
        (folder / name).parent.mkdir(exist_ok=True)
        content = content.replace("$CR", "\r").replace("$LONG", "x" * 3000)
        (folder / name).write_bytes(content.encode())
    (folder / "case.cfg").write_text(f"d=/c/{number}\n{script}", encoding="utf-8")
    return "default=" in script


def write_runs(place, folder, text, own, devices):
    """A file for each entry to be the default, up to the one that POSTLUDE has, and for the script's own; their names."""
    runs = []
    for index in [None] * own + list(range(40)):
        default = "" if index is None else f"default={index}\n"
        name = f"run{'' if index is None else index}.cfg"
        (folder / name).write_text(f"{text}{default}timeout=0\n", encoding="utf-8")
        runs.append(f"{place}/{name}")
        if index is not None and "/drv.cfg" in str(ours(runs[-1], devices)):
            return runs
    raise AssertionError(f"{place} has no end")


def d0(folder):
    """A file system with entries where they usually are."""
    (folder / "loader/entries").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / f"loader/entries/{name}.conf").write_text(f"linux /k3\ninitrd /i3\noptions of d0 {name}\n",
                                                          encoding="ascii")
    for name in ("k3", "i3", "drv.cfg"):
        (folder / name).write_text(name, encoding="ascii")
    return folder, "d0d0d0d0-0000-4000-8000-000000000000", "D0"


def bls_tree(folder, name):
    """(/boot of a tree with entries, without what takes GRUB off the serial line; UUID, label), and a file for each entry."""
    origin, uuid = boot_device(DATA / name / "tree")
    shutil.copytree(next(origin.rglob("loader")).parent, folder)
    cfg = next(folder.rglob("grub.cfg"), folder / "grub.cfg")
    text = cfg.read_text(encoding="utf-8") if cfg.exists() else "insmod blsuki\nblscfg\n"
    cfg.write_text(text.replace("terminal_output console", ""), encoding="utf-8")
    place = f"({folder.name})/{cfg.parent.relative_to(folder)}"
    runs = []
    for index in range(len(list(folder.glob("loader/entries/*.conf")))):
        (cfg.parent / f"run{index}.cfg").write_text(f"source {place}/{cfg.name}\ndefault={index}\ntimeout=0\n",
                                                    encoding="utf-8")
        runs.append(f"{place}/run{index}.cfg")
    assert runs
    return (folder, uuid, name), runs


def test_blscfg(tmp_path):
    """Each entry that blscfg makes of files, in its order; of distributions' trees by what both kinds of it have in common."""
    tree = tmp_path / "tree"
    shutil.copytree(DATA / "language", tree)
    for name in ("k1", "k2", "i1", "i2", "dtb"):
        (tree / name).write_text(name, encoding="ascii")
    devices = {"d0": d0(tmp_path / "d0")}
    mine = [f"hd0={tree},,BATCH", f"d0={tmp_path / 'd0'},{devices['d0'][1]},D0"]
    texts = (DATA / "blscfg/cases.txt").read_text(encoding="utf-8").split("%%\n")
    own = [write_bls_case(tree, number, text) for number, text in enumerate(texts)]
    runs = []
    for number in range(len(texts)):
        place = f"(hd0)/c/{number}"
        source = f"{PRELUDE}source {place}/case.cfg\n{POSTLUDE}"
        runs += write_runs(place, tree / "c" / str(number), source, own[number], mine)
    for number, name in enumerate(("fedora", "centos-stream-8", "opensuse-bls")):
        device = f"t{number}"
        devices[device], more = bls_tree(tmp_path / device, name)
        mine.append(f"{device}={tmp_path / device},{devices[device][1]},{name}")
        assert all(ours(run, mine) for run in more)
        runs += more
    said = grub.run(tree, [(run[1:].split(")")[0], run) for run in runs], devices, **TWO_FOURTEEN)
    differ = [f"--- {run}\nGRUB: {its}\nours: {ours(run, mine)}\n{said[number]}" for number, run in enumerate(runs)
              if flat(its := grub.arrived(said[number])) != flat(ours(run, mine))]
    assert not differ, f"{len(differ)} of {len(runs)}:\n" + "\n".join(differ)
