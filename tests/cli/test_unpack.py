# SPDX-License-Identifier: GPL-2.0-or-later
"""Members of archives and images as files of a load: what is found, and what hostile ones come to."""

import gzip
import io
import os
import re
import resource
import struct
import subprocess
import tarfile
import zipfile

import pytest

import samples
from conftest import BUILD

pytestmark = pytest.mark.skipif(not (BUILD / "tools/kexec-unpack").exists(), reason="built without libarchive")
FEW = 400 << 20  # bytes of address space for kexec-unpack's reader at its worst, above what it starts with


@pytest.fixture
def unpack(kexec):
    kexec.env["KX_FAKE_LIBEXEC"] = str(BUILD / "tools")
    return kexec


def tar(*members, mode="w"):
    """Of (name, content) and (name, None, link's target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content, *target in members:
            info = tarfile.TarInfo(name)
            if target:
                info.type, info.linkname = target[1] if len(target) > 1 else tarfile.SYMTYPE, target[0]
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content or b""))
    return out.getvalue()


def plan(kexec, archive, member, *more):
    return kexec("plan", f"{archive}#{member}", *more)


KERNEL = samples.bzimage()
PLANNED = (0, 1)  # the second with a warning


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("./boot/vmlinuz", KERNEL)
    return out.getvalue()


def cpio(files=None):
    data = b""
    members = [(name.encode(), content, 0o100644) for name, content in (files or {"boot/vmlinuz": KERNEL}).items()]
    for name, content, mode in *members, (b"TRAILER!!!", b"", 0):
        head = b"070701" + b"".join(b"%08x" % n for n in (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0))
        data += (head + name + b"\0").ljust(-(-(len(head) + len(name) + 1) // 4) * 4, b"\0")
        data += content.ljust(-(-len(content) // 4) * 4, b"\0")
    return data


def iso(folder, files, *options):
    """An image of {name: content}; a name's link is "link:target"."""
    tree = folder / "tree"
    for name, content in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith("link:"):
            path.symlink_to(content[5:])
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = folder / "image.iso"
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "IMAGE", *(options or ("-R", "-J")), "-o", out, tree],
                   check=True, capture_output=True)
    return out


FORMATS = {
    "tar": lambda: tar(("boot/vmlinuz", KERNEL)),
    "tar.gz": lambda: tar(("./boot/vmlinuz", KERNEL), mode="w:gz"),
    "tar.xz": lambda: tar(("/boot/vmlinuz", KERNEL), mode="w:xz"),
    "zip": zipped,
    "cpio": cpio,
    "cpio.gz": lambda: gzip.compress(cpio()),
}


@pytest.mark.parametrize("name", FORMATS)
def test_member_is_a_kernel(unpack, name):
    archive = unpack.file(f"a.{name}", FORMATS[name]())
    for member in "boot/vmlinuz", "/boot/vmlinuz", "./boot//vmlinuz":
        result = plan(unpack, archive, member)
        assert result.status in PLANNED and "bzImage64" in result.out, result


def test_member_of_an_image(unpack, tmp_path):
    image = iso(tmp_path, {"install.amd/vmlinuz": KERNEL, "install.amd/initrd.gz": b"INITRD", "link": "link:install.amd/vmlinuz"})
    assert plan(unpack, image, "/install.amd/vmlinuz", f"--initrd={image}#install.amd/initrd.gz").status in PLANNED
    assert plan(unpack, image, "link").status in PLANNED


def test_names_without_extensions_have_no_case(unpack, tmp_path):
    image = iso(tmp_path, {"BOOT/VMLINUZ": KERNEL}, "-iso-level", "1", "--norock")
    assert plan(unpack, image, "boot/vmlinuz").status in PLANNED


def test_file_with_that_very_name_wins(unpack):
    unpack.file("a.tar", tar(("k", b"no kernel")))
    unpack.file("a.tar#k", KERNEL)
    assert plan(unpack, "a.tar", "k").status in PLANNED


def test_wrong_name_says_which_are_near(unpack):
    archive = unpack.file("a.tar", tar(("boot/vmlinuz", KERNEL), ("boot/initrd.gz", b"x"), ("doc/README", b"x")))
    result = plan(unpack, archive, "boot/vmlinux")
    assert result.status == 2 and 'no member "boot/vmlinux" in it; it has boot/vmlinuz\n' in result.err, result
    assert "initrd" not in result.err


def test_not_installed(kexec):
    archive = kexec.file("a.tar", tar(("k", KERNEL)))
    result = plan(kexec, archive, "k")
    assert result.status == 2 and "kexec-unpack is not there" in result.err


HOSTILE_NAMES = {
    "parent": ([("../k", KERNEL)], "../k", '".."'),
    "parent inside": ([("a/../k", KERNEL)], "k", "no member"),
    "link out": ([("k", None, "../../../../boot/vmlinuz")], "k", "link out of the archive"),
    "link to nothing": ([("k", None, "/boot/vmlinuz")], "k", "no member"),
    "links in a circle": ([("a", None, "b"), ("b", None, "a")], "a", "symbolic links"),
    "folder": ([("a/k", KERNEL)], "a", "is a folder"),
    "device": ([("k", None, "", tarfile.CHRTYPE)], "k", "is no file"),
}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names(unpack, name):
    members, wanted, text = HOSTILE_NAMES[name]
    result = plan(unpack, unpack.file("a.tar", tar(*members)), wanted)
    assert result.status in (2, 3) and text in result.err and not result.out, result


def test_links_inside(unpack):
    archive = unpack.file("a.tar", tar(("pool/k", KERNEL), ("a/b/soft", None, "../../pool/k"), ("pool2", None, "pool"),
                                       ("hard", None, "pool/k", tarfile.LNKTYPE), ("absolute", None, "/pool2/k")))
    for member in "a/b/soft", "hard", "absolute", "pool2/k":
        assert plan(unpack, archive, member).status in PLANNED, member


def test_last_one_of_a_name_counts(unpack):
    assert plan(unpack, unpack.file("a.tar", tar(("k", b"older"), ("k", KERNEL))), "k").status in PLANNED


def processor():
    """Seconds of a processor that commands have had so far: how busy the machine is counts for nothing."""
    return sum(os.times()[2:4])


def bounded(kexec, archive, member, text):
    """One clear message, soon, and in little memory."""
    start = processor()
    result = plan(kexec, archive, member)
    assert result.status in (2, 3) and text in result.err and not result.out, result
    assert result.err.count("\n") == 1
    assert processor() - start < 30
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 < FEW + (600 << 20)
    assert not result.log


def gzip_bomb(size):
    """Deflate at its best: about a thousandth."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream:
        info = tarfile.TarInfo("big")
        info.size = size
        stream.write(info.tobuf())
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
        tail = tarfile.TarInfo("k")
        tail.size = len(KERNEL)
        stream.write(tail.tobuf() + KERNEL)
    return out.getvalue()


def test_tar_bomb(unpack):
    """Also where the member that is asked for lies behind it."""
    archive = unpack.file("a.tar.gz", gzip_bomb(1 << 30))
    for member in "big", "k":
        bounded(unpack, archive, member, "no archive of kernels")


def test_zip_bomb(unpack):
    # So that it is not its size that is too much.
    unpack.change(proc__meminfo="MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("k", "w", force_zip64=True) as member:
        for _ in range(1 << 10):
            member.write(bytes(1 << 20))
    bounded(unpack, unpack.file("a.zip", out.getvalue()), "k", "no archive of kernels")


def test_members_have_the_memory_that_is_left(unpack):
    """Half of what is available, less the kernel's copies of the others."""
    unpack.change(proc__meminfo="MemTotal: 2000000 kB\nMemAvailable: 40000 kB\n")
    archive = unpack.file("a.tar", tar(("k", KERNEL), ("i", bytes(15 << 20)), ("large", bytes(20 << 20))))
    args = "load", "-s", f"{archive}#k", f"--initrd={archive}#i"
    assert unpack(*args).status in PLANNED
    for more in f"--initrd={archive}#i", f"--initrd={archive}#large":
        result = unpack(*args, more)
        assert result.status == 2 and not result.log and re.search(r"bytes, more than the 12\d{6} allowed", result.err), result


def test_many_members(unpack):
    """A header of a tar archive is 512 bytes, so that 200 thousand of them compress to little."""
    header = tarfile.TarInfo("m").tobuf()
    bounded(unpack, unpack.file("a.tar.gz", gzip.compress(header * 300000, 9)), "k", "more than 200000 members")


@pytest.mark.parametrize("name", [*FORMATS, "iso"])
def test_truncated_at_many_offsets(unpack, tmp_path, name):
    """What is left may still be whole, as where a zip's own directory is repeated; a plan then has all of the kernel."""
    whole = (iso(tmp_path, {"boot/vmlinuz": KERNEL}).read_bytes() if name == "iso" else FORMATS[name]())
    for i in range(12):
        cut = unpack.file("cut", whole[:len(whole) * i // 12])
        result = plan(unpack, cut, "boot/vmlinuz")
        if result.status not in PLANNED:
            assert result.status in (2, 3) and not result.out and result.err.count("\n") == 1, (i, result)
        else:
            assert "bzImage64" in result.out, (i, result)


def iso_with_a_loop(folder):
    """A folder whose record points to the folder above it (ECMA-119, 9.1: the extent is at 2, twice)."""
    image = bytearray(iso(folder, {"a/b/k": KERNEL}, "-iso-level", "1", "--norock").read_bytes())
    root, = struct.unpack_from("<I", image, 16 * 2048 + 156 + 2)

    def record(extent, name):
        at = extent * 2048
        while image[at]:
            if image[at + 33:at + 33 + image[at + 32]] == name:
                return at
            at += image[at]
        raise KeyError(name)

    a, = struct.unpack_from("<I", image, record(root, b"A") + 2)
    struct.pack_into("<I", image, record(a, b"B") + 2, root)
    struct.pack_into(">I", image, record(a, b"B") + 6, root)
    return bytes(image)


def test_image_whose_folders_are_a_loop(unpack, tmp_path):
    start = processor()
    result = plan(unpack, unpack.file("loop.iso", iso_with_a_loop(tmp_path)), "a/b/k")
    assert result.status in (2, 3) and result.err.count("\n") == 1, result
    assert processor() - start < 30


def test_nothing_on_disk(unpack, tmp_path):
    archive = unpack.file("a.tar", tar(("k", KERNEL)))
    unpack.env["TMPDIR"] = unpack.env["HOME"] = str(tmp_path)
    before = sorted(os.listdir(tmp_path))
    assert plan(unpack, archive, "k").status in PLANNED
    assert sorted(set(os.listdir(tmp_path)) - {"log"}) == before


def test_terminal_is_not_written_to_by_names(unpack):
    archive = unpack.file("a.tar", tar(("k\x1b[2J", KERNEL)))
    result = plan(unpack, archive, "k")
    assert result.status == 2 and "\x1b" not in result.err
