# SPDX-License-Identifier: GPL-2.0-or-later
"""What is found beside a unified kernel image, and that a plan says so."""

import struct
import sys

import pytest

import samples
from conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402


def image(**sections):
    """A PE file for x86-64 with these sections, and nothing that a UEFI could run."""
    head = bytearray(0x400)
    head[0:2], head[0x80:0x84] = b"MZ", b"PE\0\0"
    struct.pack_into("<I", head, 0x3C, 0x80)
    struct.pack_into("<HH", head, 0x84, 0x8664, len(sections))
    body = b""
    for i, (name, content) in enumerate(sections.items()):
        struct.pack_into("<8sIIII", head, 0x98 + 40 * i, f".{name}".encode(), len(content), 0,
                         len(content), len(head) + len(body))
        body += content
    return bytes(head) + body


def addon(word):
    return image(cmdline=word)


@pytest.fixture
def esp(kexec):
    """A boot partition with an image and everything that may lie beside it, and more."""
    root = kexec.folder / "esp"
    files = {
        "EFI/Linux/x+3-1.efi": image(linux=samples.bzimage(), cmdline=b"own"),
        "EFI/Linux/x.efi.extra.d/2.addon.efi": addon(b"local"),
        "EFI/Linux/x.efi.extra.d/a.cred": b"local",
        "EFI/Linux/x.efi.extra.d/s.raw": b"local",
        "EFI/Linux/x.efi.extra.d/.hidden.cred": b"no",
        "EFI/Linux/x.efi.extra.d/folder.raw/file": b"no",
        "EFI/Linux/x+3-1.efi.extra.d/no.cred": b"no",
        "loader/addons/9.ADDON.EFI": addon(b"global"),
        "loader/addons/no.cred": b"no",
        "loader/credentials/g.cred": b"global",
        "loader/credentials/no.raw": b"no",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def beside(result, root):
    lines = [line.split() for line in result.out.splitlines() if line.startswith("beside")]
    return [line[1].removeprefix(f"{root}/") for line in lines]


LOCAL = [f"EFI/Linux/x.efi.extra.d/{name}" for name in ("2.addon.efi", "a.cred", "s.raw")]
GLOBAL = ["loader/addons/9.ADDON.EFI", "loader/credentials/g.cred"]


def test_what_is_taken_is_said(kexec, esp):
    result = kexec("plan", esp / "EFI/Linux/x+3-1.efi")
    assert (result.status, result.err) == (1, "")  # what it warns of is the machine
    assert beside(result, esp) == GLOBAL + LOCAL
    assert "cmdline   own global local\n" in result.out


def test_address_has_nothing_beside_it(kexec):
    """There may be a path of its letters."""
    kexec.env["KX_FAKE_LIBEXEC"] = str(BUILD / "tools")
    if not (BUILD / "tools/kexec-fetch").exists():
        pytest.skip("kexec-fetch was not built: no libcurl")
    with servers.Web() as web:
        url = web.put("/x.efi", image(linux=samples.bzimage(), cmdline=b"own"))
        for name in url, f"{url}.extra.d/a.addon.efi":
            (kexec.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (kexec.folder / name).write_bytes(addon(b"local"))
        result = kexec("plan", url, "--insecure")
    assert result.status in (0, 1) and "cmdline   own\n" in result.out, result.out + result.err


def test_link_leads_to_the_partition(kexec, esp):
    link = kexec.folder / "uki"
    link.symlink_to(esp / "EFI/Linux/x+3-1.efi")
    assert beside(kexec("plan", link), esp) == GLOBAL + LOCAL


@pytest.mark.parametrize("place", ["EFI/debian", "boot/Linux", "EFI/Linux/deeper"])
def test_elsewhere_no_partition_is_guessed(kexec, esp, place):
    (esp / place).mkdir(parents=True)
    (esp / "EFI/Linux/x+3-1.efi").rename(esp / place / "x.efi")
    result = kexec("plan", esp / place / "x.efi")
    assert beside(result, esp) == []
    assert "cmdline   own\n" in result.out


@pytest.mark.parametrize("name, taken", [
    ("x.efi", True), ("x+0.efi", True), ("x+12-34.EFI", False), ("x+.efi", False), ("x+1-.efi", False),
    ("x+a.efi", False), ("x+1.img", False)])
def test_boot_counter_is_no_part_of_the_name(kexec, esp, name, taken):
    path = esp / "EFI/Linux" / name
    (esp / "EFI/Linux/x+3-1.efi").rename(path)
    assert (LOCAL[0] in beside(kexec("plan", path), esp)) == taken


def test_other_kernels_have_nothing_beside_them(kexec, esp):
    path = esp / "EFI/Linux/x.efi"
    path.write_bytes(samples.bzimage())
    result = kexec("plan", path)
    assert "bzImage64" in result.out and beside(result, esp) == []


def test_empty_and_linked_directories_are_no_obstacle(kexec, esp):
    """As the stub, which packs an empty file and passes a directory over."""
    there = esp / "EFI/Linux/x.efi.extra.d"
    (there / "a.cred").write_bytes(b"")
    (there / "t.raw").symlink_to("folder.raw")
    assert beside(kexec("plan", esp / "EFI/Linux/x+3-1.efi"), esp) == GLOBAL + LOCAL
