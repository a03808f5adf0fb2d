# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec list on trees of tests/data/boot, each as a distribution's installation has them, without the kernels.

With KX_UPDATE_GOLDEN=1 the expected lists are written anew: read the difference before you believe it.
"""

import json
import os

import pytest

from conftest import ROOT

TREES = sorted((ROOT / "tests/data/boot").glob("*/tree"))
KEYS = ["id", "title", "type", "linux", "initrd", "options", "devicetree", "version", "architecture", "source",
        "default", "problem"]


def test_there_are_trees():
    assert {"fedora", "arch", "nixos", "alpine", "raspberry-pi-os", "u-boot-debian-arm64", "centos-7",
            "centos-stream-8", "opensuse-bls", "qubes", "menu.lst", "debian-systemd-boot",
            "ubuntu-btrfs"} <= {tree.parent.name for tree in TREES}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.parent.name)
def test_tree(kexec, tree):
    result = kexec("list", "--json", "--root", tree)
    expected = tree.parent / "expected.json"
    if os.environ.get("KX_UPDATE_GOLDEN"):
        expected.write_text(result.out)
    entries = json.loads(result.out)
    assert entries == json.loads(expected.read_text())
    assert result.status == 0 and result.log == []
    assert [entry["default"] for entry in entries].count(True) == 1
    for entry in entries:
        assert [key for key in entry if key != "modules"] == KEYS
        for path in [entry["source"]["file"], entry["linux"], *entry["initrd"]]:
            assert path is None or entry["problem"] or (tree / path.lstrip("/")).exists()


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.parent.name)
def test_text_has_every_entry(kexec, tree):
    out = kexec("list", "--root", tree).out
    for entry in json.loads((tree.parent / "expected.json").read_text()):
        assert f"    id         {entry['id']}\n" in out
        assert ("* " if entry["default"] else "  ") in out
    assert sum(line.startswith("* ") for line in out.splitlines()) == 1
