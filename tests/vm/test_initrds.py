# SPDX-License-Identifier: GPL-2.0-or-later
"""Initrds: several, large, and too large."""

import pytest

from lab import assets, jump
from lab.initrd import Initrd, archive, random_hash


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
