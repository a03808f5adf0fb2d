# SPDX-License-Identifier: GPL-2.0-or-later
"""Secure Boot, and lockdown without it: what is signed starts, and nothing else."""

from pathlib import Path

from lab import assets, jump, signing
from lab.initrd import Initrd, random_hash


def test_secure_boot(tmp_path):
    kernel, second = assets.kernel("6.1"), Initrd("second")
    signed = Path(tmp_path, "signed")
    signed.write_bytes(signing.resigned(kernel.image))
    files = {
        **jump.carried(kernel, second),
        "/boot/signed": signed,
        "/boot/unsigned": signing.unsigned(kernel.image),
    }
    arguments = f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline"
    with jump.boot("6.1", files, image=signed, firmware="ovmf-secure", machine="q35") as guest:
        assert "[integrity]" in guest.ok("cat /sys/kernel/security/lockdown")
        refused = guest.run(f"kexec --load /boot/unsigned {arguments}")
        assert refused.status == 255
        assert "kexec: kexec_file_load failed: " in refused.err
        assert "signature" in refused.err
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "0"
        guest.ok(f"kexec --load /boot/signed {arguments}")
        guest.jump("second")
        after = guest.facts("random", "release")
        assert "[integrity]" in guest.ok("cat /sys/kernel/security/lockdown")
    assert after == {"random": random_hash(second.random), "release": kernel.release}
