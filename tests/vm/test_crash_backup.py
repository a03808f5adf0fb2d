# SPDX-License-Identifier: GPL-2.0-or-later
"""Conventional memory of a kernel before 5.5, which its capture kernel writes over: purgatory copies it away first.

No such kernel is in Debian any more. A newer one that is called 5.4 leaves its own conventional memory alone, so that
what the test writes there is what must be in the dump.
"""

import struct

from lab import crash

SEED = 4711
PAGES = [0x10000, 0x30000, 0x51000, 0x8F000]
MASK = (1 << 64) - 1


def page(number):
    """payloads/pattern.h in Python."""
    words = []
    for word in range(512):
        x = SEED + (number * 512 + word + 1) * 0x9E3779B97F4A7C15 & MASK
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
        x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
        words.append(x ^ x >> 31)
    return struct.pack("<512Q", *words)


def test_backup():
    with crash.boot("6.1") as guest:
        guest.ok("echo 5.4.0 >/tmp/release && mount --bind /tmp/release /proc/sys/kernel/osrelease")
        crash.load(guest, "-c")
        with guest.gdb() as gdb:
            gdb.physical()
            for number, address in enumerate(PAGES):
                gdb.write(address, page(number))
            gdb.resume()
            crash.die(guest)
        held = crash.Held(SEED, "".join(f"{number} {address:#x}\n" for number, address in enumerate(PAGES)))
        assert crash.find(guest, held) == f"held {len(PAGES)} of {len(PAGES)}"
        assert [load for load in crash.core(guest).loads if load[0] == 0x1000 and load[1] >= 0x9E000]
        # The capture kernel has the place itself.
        assert "00001000-0009fbff : System RAM" in guest.ok("cat /proc/iomem")
        crash.reboot(guest)
