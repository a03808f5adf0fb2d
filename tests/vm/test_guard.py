# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing that the tests start may kexec or reboot the machine that they run on."""

import subprocess

from lab import guard


def test_children_cannot_boot_the_host():
    assert not guard.can_boot_host()
    status = subprocess.run(
        ["grep", "^Cap", "/proc/self/status"], check=True, capture_output=True, text=True
    ).stdout
    masks = dict(line.split() for line in status.splitlines())
    for name in ("CapPrm:", "CapEff:"):
        assert not int(masks[name], 16) >> guard.CAP_SYS_BOOT & 1, status
