# SPDX-License-Identifier: GPL-2.0-or-later
"""From one real kernel to another: pairs that together meet every value of every dimension."""

import pytest

from lab import assets, jump
from lab.initrd import Initrd, random_hash

CALLS = {"load": "-c", "file": "-s"}

# first, target, call, firmware, machine, CPUs, memory, compression of the second initrd
PAIRS = """
6.1   6.1           load  seabios  pc   1  1G    gzip
7.x   6.1           file  ovmf     q35  4  512M  xz
7.x   6.1-standard  load  ovmf     pc   1  6G    zstd
6.1   6.1-standard  file  seabios  q35  4  1G    lz4
6.1   5.10          load  seabios  q35  1  512M  none
7.x   5.10          file  seabios  pc   4  1G    gzip
6.1   6.12          load  ovmf     q35  4  6G    xz
6.1   6.12          file  seabios  pc   1  512M  zstd
6.1   7.x           load  seabios  pc   4  1G    lz4
7.x   7.x           file  ovmf     q35  1  6G    none
7.x   7.x           load  seabios  q35  1  512M  xz
"""


@pytest.mark.parametrize("pair", PAIRS.strip().split("\n"), ids=lambda p: "-".join(p.split()))
def test_pair(pair):
    first, target, call, firmware, machine, cpus, memory, compression = pair.split()
    kernel, second = assets.kernel(target), Initrd("second")
    with jump.boot(
        first, jump.carried(kernel, second, compression),
        firmware=firmware, machine=machine, cpus=int(cpus), memory=memory,
    ) as guest:
        before = guest.facts("cmdline")
        guest.ok(
            f"kexec {CALLS[call]} --load /boot/vmlinuz-{kernel.release} "
            f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline"
        )
        guest.jump("second")
        after = guest.facts("release", "cmdline", "random", "nproc")
    assert after == {
        "release": kernel.release,
        "cmdline": jump.reused(before["cmdline"]),
        "random": random_hash(second.random),
        "nproc": cpus,
    }


@pytest.mark.parametrize("call", CALLS)
def test_five_level_paging(call):
    """Purgatory is entered with five levels of page tables, and leaves with as many.

    Below 1 GiB it would get along with four: a table of the wrong level looks like one of larger pages there.
    """
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second), cpu="qemu64,-cx16,+la57",
                   memory="6G") as guest:
        guest.ok("grep -q la57 /proc/cpuinfo")
        guest.ok(
            f"kexec {CALLS[call]} --load /boot/vmlinuz-{kernel.release} "
            f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline"
        )
        guest.jump("second")
        guest.ok("grep -q la57 /proc/cpuinfo")
