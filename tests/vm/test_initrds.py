# SPDX-License-Identifier: GPL-2.0-or-later
"""Initrds: several, large, and too large."""

import hashlib
import json
import re

import pytest

from lab import assets, jump
from lab.initrd import COMPRESSORS, Initrd, archive, random_hash


@pytest.mark.parametrize("call", ["-c", "-s"])
def test_two_initrds(call):
    """The second part's files appear beside the first part's, whatever the padding needed."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    extra = {"/lab/random/extra": b"\0an odd number of bytes\1"}
    files = {**jump.carried(kernel, second), "/boot/extra.img": archive(extra)[:-1]}
    with jump.boot("6.1", files) as guest:
        guest.ok(
            f"kexec {call} --load /boot/vmlinuz-{kernel.release} --reuse-cmdline "
            f"--initrd=/boot/initrd.img-{kernel.release} --initrd=/boot/extra.img"
        )
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random, extra)


def test_initrd_of_300_megabytes():
    kernel, second = assets.kernel("6.1"), Initrd("second", random=300_000_000)
    with jump.boot("6.1", jump.carried(kernel, second, "none"), memory="3G") as guest:
        guest.ok(
            f"kexec --load /boot/vmlinuz-{kernel.release} "
            f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline"
        )
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random)


# ---- unpacked before the jump ------------------------------------------------------------------------------------

# lzop(1) is not part of every Debian; what it makes is unpacked in tests/unit/test_initrd.c.
FORMATS = ["gzip", "xz", "zstd", "lz4", "bzip2", "lzma"]


def load(guest, kernel, *options):
    """Load what is in the guest's /boot; return what the plan for it says about archives."""
    arguments = f"/boot/vmlinuz-{kernel.release} --reuse-cmdline {' '.join(options)}"
    guest.ok(f"kexec --load {arguments}")
    plan = json.loads(guest.run(f"kexec plan --json {arguments}").out)
    return plan["archives"], [s for s in plan["segments"] if s["name"] == "initrd"]


def freed(guest):
    """How much memory the second kernel says that its initrd had, in KiB."""
    return int(re.search(r"Freeing initrd memory: (\d+)K", guest.facts("dmesg")["dmesg"]).group(1))


def pages(size):
    return (size + 4095) // 4096 * 4


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_arrives_unpacked(form):
    kernel, second = assets.kernel("6.1"), Initrd("second")
    plain, packed = second.build(), second.build(form)
    initrd = f"/boot/initrd.img-{kernel.release}"
    with jump.boot("6.1", {**jump.carried(kernel), initrd: packed}) as guest:
        archives, segments = load(guest, kernel, f"--initrd={initrd}")
        assert archives == [{"file": initrd, "format": form, "size": len(packed),
                             "unpacked_size": len(plain), "left_as_it_is": None}]
        assert [s["bufsz"] for s in segments] == [len(plain)]
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random)
        assert freed(guest) == pages(len(plain))


def test_microcode_first_and_two_archives():
    """Early microcode, plain, then two compressed archives, one of them in a second file."""
    kernel, second = assets.kernel("6.12"), Initrd("second")
    microcode = archive({"/kernel/x86/microcode/GenuineIntel.bin": b"not for this processor"})
    microcode += bytes(-len(microcode) % 512)
    extra = {"/lab/random/extra": b"\0an odd number of bytes\1"}
    third = {"/lab/random/third": b"3" * 5000}
    first = microcode + second.build("zstd") + bytes(5) + COMPRESSORS["xz"](archive(extra))
    files = {**jump.carried(kernel), "/boot/1": first,
             "/boot/2": COMPRESSORS["gzip"](archive(third))}
    with jump.boot("6.1", files, cmdline=jump.CMDLINE + " retain_initrd") as guest:
        archives, segments = load(guest, kernel, "--initrd=/boot/1", "--initrd=/boot/2")
        assert [a["format"] for a in archives] == ["zstd", "xz", "gzip"]
        assert not any(a["left_as_it_is"] for a in archives)
        assert [s["bufsz"] for s in segments] == [
            len(microcode), len(second.build()), len(archive(extra)), len(archive(third))]
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random, extra, third)
        kept = guest.ok(f"head -c {len(microcode)} /sys/firmware/initrd | sha256sum").split()[0]
        assert kept == hashlib.sha256(microcode).hexdigest()


def test_initrd_as_is():
    kernel, second = assets.kernel("6.1"), Initrd("second")
    packed = second.build("gzip")
    initrd = f"--initrd=/boot/initrd.img-{kernel.release}"
    files = {**jump.carried(kernel), initrd.removeprefix("--initrd="): packed}
    with jump.boot("6.1", files) as guest:
        archives, segments = load(guest, kernel, initrd, "--initrd-as-is")
        assert (archives, [s["bufsz"] for s in segments]) == ([], [len(packed)])
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random)
        assert freed(guest) == pages(len(packed))


def test_too_little_memory_leaves_it_as_it_is():
    """60 MB of zeros, which pack well, and of 384 MiB not 376 that are available."""
    kernel = assets.kernel("6.1")
    second = Initrd("second", files={"/lab/zeros": bytes(60_000_000)})
    packed = second.build("gzip")
    initrd = f"/boot/initrd.img-{kernel.release}"
    with jump.boot("6.1", {**jump.carried(kernel), initrd: packed}, memory="384M") as guest:
        archives, segments = load(guest, kernel, f"--initrd={initrd}")
        assert archives[0]["left_as_it_is"] == "unpacked it would take too much memory"
        assert [s["bufsz"] for s in segments] == [len(packed)]
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random)
