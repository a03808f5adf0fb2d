# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels inside other files: unified kernel images, compression."""

import gzip
import struct
import subprocess

from pathlib import Path

import pytest

from lab import assets, jump, payload, signing, uki
from lab.initrd import Initrd, archive, random_hash

EXTRA = {".osrel": "ID=lab\n", ".pcrsig": '{"sha256":[]}', ".pcrpkey": "-----BEGIN PUBLIC KEY-----\n"}


def test_uki_with_everything_beside_it():
    """bookworm's stub: its own command line and initrd, add-ons, credentials, /.extra."""
    kernel = assets.kernel("6.12")
    second = Initrd("second", {"/order/2": "initrd", "/order/3": "initrd"})
    image = uki.build(uki.stub("bookworm"), {
        **EXTRA, ".uname": kernel.release, ".cmdline": "console=ttyS0 lab.word=uki\n",
        ".initrd": second.build("gzip"), ".linux": kernel.image.read_bytes(),
        ".ucode": archive({"/order/1": "ucode", "/order/0": "ucode"}),
    })
    addon_stub = uki.stub("trixie", addon=True)
    place = "/efi/EFI/Linux/lab"
    files = {
        f"{place}+3-0.efi": image,
        f"{place}.efi.extra.d/1.addon.efi": uki.build(addon_stub, {
            ".cmdline": "lab.word=addon", ".initrd": archive({"/order/3": "add-on"})}),
        f"{place}.efi.extra.d/2.addon.efi": uki.build(addon_stub, {
            ".cmdline": "lab.word=no", ".uname": "5.10"}),
        f"{place}.efi.extra.d/secret.cred": "CREDENTIAL",
        f"{place}.efi.extra.d/a.raw": "SYSEXT",
        f"{place}.efi.extra.d/b.confext.raw": "CONFEXT",
        "/efi/loader/addons/any.addon.efi": uki.build(addon_stub, {".cmdline": "lab.word=any"}),
        "/efi/loader/credentials/any.cred": "FOR ANY IMAGE",
        "/users": archive({"/order/1": "user", "/order/2": "user"}),
    }
    with jump.boot("6.1", files, memory="2G") as guest:
        said = guest.run(f"kexec plan {place}+3-0.efi")
        assert said.status == 1 and "bzImage64 in uki" in said.out
        assert "2.addon.efi is not used: is for another" in " ".join(said.out.split())
        taken = [line.split()[1] for line in said.out.splitlines() if line.startswith("beside")]
        assert sorted(taken) == sorted(name for name in files if "addon" in name or "extra.d" in name
                                       or "loader" in name)
        guest.ok(f"kexec --load {place}+3-0.efi --initrd=/users")
        guest.jump("second", "kexec --exec")
        after = guest.facts("release", "cmdline", "random")
        assert after == {"release": kernel.release, "random": random_hash(second.random),
                         "cmdline": "console=ttyS0 lab.word=uki lab.word=any lab.word=addon"}
        assert guest.ok("cd /order; cat 0 1 2 3") == "ucodeuserinitrdadd-on"
        extra = {"os-release": EXTRA[".osrel"], "tpm2-pcr-signature.json": EXTRA[".pcrsig"],
                 "tpm2-pcr-public-key.pem": EXTRA[".pcrpkey"], "credentials/secret.cred": "CREDENTIAL",
                 "global_credentials/any.cred": "FOR ANY IMAGE", "sysext/a.raw": "SYSEXT",
                 "confext/b.confext.raw": "CONFEXT"}
        assert sorted(guest.ok("cd /.extra; find . -type f").split()) == sorted(f"./{name}" for name in extra)
        for name, content in extra.items():
            assert guest.ok(f"cat /.extra/{name}") == content
        assert guest.ok("cd /.extra; stat -c %a . os-release credentials credentials/* "
                        "global_credentials global_credentials/* sysext sysext/*").split() == [
            "555", "444", "500", "400", "500", "400", "555", "444"]


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


def test_uki_under_lockdown(tmp_path):
    """The running kernel looks at the signature of .linux, whoever signed what is around it."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    signed = Path(tmp_path, "signed")
    signed.write_bytes(signing.resigned(kernel.image))

    def image(linux):
        return signing.signed(uki.build(uki.stub("trixie"), {
            ".cmdline": "console=ttyS0 lab.word=uki", ".initrd": second.build("gzip"), ".linux": linux}))

    files = {"/boot/signed.efi": image(signed.read_bytes()),
             "/boot/unsigned.efi": image(signing.unsigned(kernel.image))}
    with jump.boot("6.1", files, image=signed, firmware="ovmf-secure", machine="q35", memory="2G") as guest:
        assert "[integrity]" in guest.ok("cat /sys/kernel/security/lockdown")
        refused = guest.run("kexec --load /boot/unsigned.efi")
        assert refused.status == 255
        assert refused.err.splitlines()[-1] == (
            "kexec: kexec_file_load failed: /boot/unsigned.efi, section .linux, has no signature of its own, "
            "and the running kernel demands one, whoever signed the file around it; sign the kernel before "
            "it is put in there")
        assert "sign .linux itself" in refused.err
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "0"
        assert "sign .linux" not in guest.run("kexec --load /boot/signed.efi").err
        guest.jump("second")
        assert guest.facts("cmdline", "random", "release") == {
            "cmdline": "console=ttyS0 lab.word=uki", "random": random_hash(second.random),
            "release": kernel.release}
        assert "[integrity]" in guest.ok("cat /sys/kernel/security/lockdown")


def run(*command):
    return lambda image: subprocess.run(command, input=image, capture_output=True, check=True).stdout


def zboot(image):
    """As Linux' EFI zboot images begin (include/linux/pe.h), with a kernel for x86, for which none are made."""
    packed = run("lz4", "-q", "-l", "-c")(image)
    head = struct.pack("<4s4sII8s32sI", b"MZ", b"zimg", 64, len(packed), b"", b"lz4", 0x818223CD)
    return head.ljust(64, b"\0") + packed


def uki_in_gzip(image):
    return gzip.compress(uki.build(uki.stub("trixie"), {".linux": image}), 1)


CONTAINERS = {
    "gzip": run("gzip", "-1"), "xz": run("xz", "-0"), "zstd": run("zstd", "-1", "-q", "-c"),
    "lz4": run("lz4", "-q", "-c"), "bzip2": run("bzip2", "-1"), "zboot": zboot, "uki-in-gzip": uki_in_gzip,
}
# Each guest makes the next one's initrd of its own files, but for the kernel that it was itself.
PACK = "cd / && find . -xdev ! -path './tmp/*' | cpio -o -H newc >/tmp/next.img"


def test_containers_one_after_the_other():
    """Through every container in one guest: each kernel loads the next."""
    image = assets.kernel("6.1").image.read_bytes()
    files = {f"/boot/{name}": wrap(image) for name, wrap in CONTAINERS.items()}
    with jump.boot("6.1", files, memory="2G") as guest:
        for i, name in enumerate(CONTAINERS):
            cmdline = f"console=ttyS0 {jump.STEADY} lab.word={name}"
            guest.ok(f"mv /boot/{name} /tmp/kernel && {PACK}")
            guest.ok(f"kexec {'-s' if i % 2 else '-c --no-checks'} -l /tmp/kernel --initrd=/tmp/next.img "
                     f"--append='{cmdline}'")
            guest.jump("first")
            assert guest.facts("cmdline") == {"cmdline": cmdline}
        assert guest.ok("ls /boot") == ""


def nbi(code, location, base, flags):
    """An Etherboot image of two records, the second 256 bytes behind the first."""
    execute = base if flags else base << 12  # a segment and the offset 0
    data = b"second record!\0"
    head = struct.pack("<IIHHI", 0x1B031336, 4 | flags, 0, location >> 4, execute)
    head += struct.pack("<IIII", 4, base, len(code), len(code))
    head += struct.pack("<IIII", 4 | 1 << 24 | 1 << 26, 0x100, len(data), 4096)
    return head.ljust(510, b"\0") + b"\x55\xaa" + code + data


@pytest.mark.parametrize("base, defines, says", [
    (0x10000, [], "NBI image runs, clock ticks, second record!"),
    (0x100000, ["LINEAR", "BASE=0x100000"], "NBI image runs, second record!")], ids=["real-mode", "32-bit"])
def test_nbi(base, defines, says):
    image = nbi(payload.assemble("nbi", 0, *defines), 0x9000, base, 1 << 31 if defines else 0)
    with payload.start({"image": image}, "kexec -l /boot/image") as guest:
        guest.wait_console(says, guest.said)
