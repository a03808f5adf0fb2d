# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels inside other files: unified kernel images, compression."""

import subprocess

from lab import assets, jump, uki
from lab.initrd import Initrd, random_hash

EXTRA = {".osrel": "ID=lab\n", ".pcrsig": '{"sha256":[]}', ".pcrpkey": "-----BEGIN PUBLIC KEY-----\n"}


def test_uki_with_everything_beside_it():
    """bookworm's stub: its own command line and initrd, an add-on's, a credential, /.extra."""
    kernel, second = assets.kernel("6.12"), Initrd("second")
    image = uki.build(uki.stub("bookworm"), {
        **EXTRA, ".uname": kernel.release, ".cmdline": "console=ttyS0 lab.word=uki\n",
        ".initrd": second.build("gzip"), ".linux": kernel.image.read_bytes(),
    })
    addon = uki.build(uki.stub("trixie", addon=True), {".cmdline": "lab.word=addon"})
    files = {"/boot/lab.efi": image, "/boot/lab.efi.extra.d/1.addon.efi": addon,
             "/boot/lab.efi.extra.d/secret.cred": "CREDENTIAL"}
    with jump.boot("6.1", files, memory="2G") as guest:
        said = guest.ok("kexec plan /boot/lab.efi")
        assert "bzImage64 in uki" in said
        guest.ok("kexec --load /boot/lab.efi")
        guest.jump("second", "kexec --exec")
        after = guest.facts("release", "cmdline", "random")
        assert after == {"release": kernel.release, "random": random_hash(second.random),
                         "cmdline": "console=ttyS0 lab.word=uki lab.word=addon"}
        assert guest.ok("cat /.extra/os-release") == EXTRA[".osrel"]
        assert guest.ok("cat /.extra/tpm2-pcr-signature.json") == EXTRA[".pcrsig"]
        assert guest.ok("cat /.extra/tpm2-pcr-public-key.pem") == EXTRA[".pcrpkey"]
        assert guest.ok("cat /.extra/credentials/secret.cred") == "CREDENTIAL"
        assert guest.ok("stat -c '%a %F' /.extra /.extra/os-release").split("\n")[:2] == [
            "555 directory", "444 regular file"]


def test_uki_by_file_load_with_a_profile():
    """trixie's stub; the user's own command line chooses the profile and goes before the image's."""
    kernel, second = assets.kernel("6.12"), Initrd("second")
    image = uki.build(
        uki.stub("trixie"),
        {".initrd": second.build("gzip"), ".linux": kernel.image.read_bytes(), ".cmdline": "lab.word=base"},
        {".profile": "ID=zero\n"},
        {".profile": "ID=one\n", ".cmdline": "console=ttyS0 lab.word=one"},
    )
    with jump.boot("6.1", {"/boot/lab.efi": image}, memory="2G") as guest:
        said = guest.run("kexec -s -l /boot/lab.efi --command-line=@1")
        assert said.status == 0
        guest.jump("second")
        assert guest.facts("release", "cmdline") == {
            "release": kernel.release, "cmdline": "console=ttyS0 lab.word=one"}
        assert guest.ok("cat /.extra/profile") == "ID=one\n"


COMPRESSORS = {
    "gzip": ["gzip", "-1", "-c"], "xz": ["xz", "-0", "-c"], "zstd": ["zstd", "-1", "-q", "-c"],
    "lz4": ["lz4", "-q", "-c"], "bzip2": ["bzip2", "-1", "-c"],
}


def test_compressed_kernels():
    """All of them in one guest; the last one runs."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    files = jump.carried(kernel, second)
    image = files.pop(f"/boot/vmlinuz-{kernel.release}").read_bytes()
    for name, command in COMPRESSORS.items():
        packed = subprocess.run(command, input=image, capture_output=True, check=True).stdout
        files[f"/boot/vmlinuz.{name}"] = packed
    with jump.boot("6.1", files, memory="2G") as guest:
        for name in COMPRESSORS:
            guest.ok(f"kexec -l /boot/vmlinuz.{name} --initrd=/boot/initrd.img-{kernel.release} "
                     "--reuse-cmdline")
            assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
        guest.jump("second")
        assert guest.facts("random")["random"] == random_hash(second.random)
