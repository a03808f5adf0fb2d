# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec list: what it says, and its exit status. Distributions' trees are in test_list_corpus.py."""

import functools
import json
import os
import resource

import pytest

from conftest import ROOT
from test_companions import image


@pytest.fixture
def tree(tmp_path):
    """A function that writes files into a tree, and returns it."""
    def write(**files):
        for name, content in files.items():
            path = tmp_path / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "tree"

    return write


def entries(kexec, root, status=0):
    result = kexec("list", "--json", "--root", root)
    assert result.status == status, result
    return json.loads(result.out)


def test_arch_with_unified_kernel_images(kexec, tree):
    """As mkinitcpio(8) makes them: EFI/Linux on an ESP at /efi, no text entries, systemd-boot."""
    osrel = b'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n'
    uki = image(osrel=osrel, uname=b"6.12.1-arch1-1", cmdline=b"root=UUID=1 rw quiet\n", linux=b"kernel")
    root = tree(**{"etc/fstab": "UUID=1 / ext4 rw 0 1\nUUID=AB-CD /efi vfat rw 0 2\n",
                   "efi/EFI/systemd/systemd-bootx64.efi": "", "efi/loader/loader.conf": "default arch-linux.efi\n",
                   "efi/EFI/Linux/arch-linux.efi": uki, "efi/EFI/Linux/arch-linux-fallback.efi": uki,
                   "efi/EFI/Linux/cut.efi": uki[:100]})
    found = {entry["id"]: entry for entry in entries(kexec, root)}
    assert found["arch-linux.efi"] == {
        "id": "arch-linux.efi", "title": "Arch Linux", "type": "uki", "linux": "/efi/EFI/Linux/arch-linux.efi",
        "initrd": [], "options": "root=UUID=1 rw quiet", "devicetree": None, "version": "rolling",
        "architecture": "x64", "source": {"file": "/efi/EFI/Linux/arch-linux.efi", "kind": "bls2"},
        "default": True, "problem": None}
    assert found["arch-linux-fallback.efi"]["problem"] is None and not found["arch-linux-fallback.efi"]["default"]
    assert found["cut.efi"]["problem"]


def test_boot_partition_alone(kexec):
    """The same as in the whole system, but for where the paths begin."""
    tree = ROOT / "tests/data/boot/fedora/tree"
    whole, alone = entries(kexec, tree), entries(kexec, tree / "boot")
    assert [entry["linux"] for entry in whole] == ["/boot" + entry["linux"] for entry in alone]
    assert [entry["default"] for entry in whole] == [entry["default"] for entry in alone]
    assert [entry["options"] for entry in whole] == [entry["options"] for entry in alone]


def test_nothing_to_list(kexec, tree):
    result = kexec("list", "--root", tree(**{"etc/hostname": "x"}))
    assert (result.status, result.out, result.log) == (2, "", [])
    assert "no boot entries found" in result.err
    assert kexec("list", "--json", "--root", tree()).out == "[\n]\n"


def test_nothing_that_can_be_booted(kexec, tree):
    found = entries(kexec, tree(**{"boot/vmlinuz-6.1": ""}), status=2)
    assert "/etc/kernel/cmdline" in found[0]["problem"]
    assert entries(kexec, tree(**{"etc/kernel/cmdline": "ro\n"}))[0]["options"] == "ro"


def test_of_this_machine(kexec):
    """Without --root it is the machine's own."""
    (kexec.root / "boot/loader/entries").mkdir(parents=True, exist_ok=True)
    (kexec.root / "boot/loader/entries/mine.conf").write_text("linux /vmlinuz\n")
    (kexec.root / "boot/vmlinuz").write_text("")
    result = kexec("list")
    assert result.status == 0 and "* mine.conf\n" in result.out and "    linux      /boot/vmlinuz\n" in result.out


def test_what_is_wrong_with_a_configuration_is_said(kexec, tree):
    root = tree(**{"boot/extlinux/extlinux.conf": "include extlinux.conf\n", "boot/vmlinuz-6.1": "",
                   "etc/kernel/cmdline": "ro"})
    result = kexec("list", "--root", root)
    assert result.status == 1 and "* Linux 6.1" in result.out
    assert "does one of them include itself?" in result.err


def test_huge_files_take_little_time(kexec, tree):
    """Of an image only its texts are looked at. All of it took 20 seconds."""
    root = tree(**{"efi/EFI/Linux/a.efi": "", "efi/loader/loader.conf": "", "etc/kernel/cmdline": "a\n" * 500000})
    os.truncate(root / "efi/EFI/Linux/a.efi", 1000 << 20)
    limit = functools.partial(resource.setrlimit, resource.RLIMIT_CPU, (4, 4))
    result = kexec("list", "--root", root, preexec_fn=limit)
    assert result.status == 2 and 'no "MZ"' in result.out
    (root / "efi/EFI/Linux/a.efi").unlink()
    (root / "boot").mkdir()
    (root / "boot/vmlinuz-6.1").touch()
    assert "    options    a a a a" in kexec("list", "--root", root, preexec_fn=limit).out


def test_terminal_is_not_controlled(kexec, tree):
    root = tree(**{"loader/entries/a.conf": "title a\33[31mred\nlinux /k\noptions a\33]0;x\7b\n", "k": ""})
    assert "\33" not in kexec("list", "--root", root).out
    assert entries(kexec, root)[0]["title"] == "a\33[31mred"


def test_usage(kexec, tmp_path):
    result = kexec("list", "entry")
    assert (result.status, result.out) == (3, "") and "takes no argument" in result.err
    result = kexec("list", "--root", tmp_path / "gone")
    assert (result.status, result.out) == (3, "") and "gone" in result.err
    assert kexec("list", "--append=x").status == 3
