# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps kexec and reboot off the machine that runs the tests.

Dropping CAP_SYS_BOOT from the capability bounding set means that no program started from here,
whether by root, sudo or a set-user-ID binary, is ever allowed kexec_load(2), kexec_file_load(2) or
reboot(2) (capabilities(7), "Capability bounding set"). Guests have capabilities of their own.
"""

import ctypes
import os

CAP_SYS_BOOT = 22  # linux/capability.h
PR_CAPBSET_DROP = 24  # linux/prctl.h


def _capability_mask(name):
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1], 16)
    raise RuntimeError(f"/proc/self/status has no {name} line")


def can_boot_host():
    """True when a child of this process could still be allowed to kexec or reboot."""
    bounding = _capability_mask("CapBnd") & (1 << CAP_SYS_BOOT)
    if os.getuid() != 0 and not _capability_mask("CapEff"):
        # Without the right to drop from the bounding set there is no capability to lose either,
        # except through set-user-ID programs, which the lab starts none of.
        return False
    return bool(bounding)


def protect_host():
    """Drop CAP_SYS_BOOT for every child; raise if that did not work."""
    if not can_boot_host():
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0)
    if can_boot_host():
        raise RuntimeError(
            "cannot drop CAP_SYS_BOOT from the bounding set, refusing to run tests; "
            "run them as an ordinary user or as full root"
        )
