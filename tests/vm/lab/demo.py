# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/demo: the user's scenario on a guest's console, live."""

import sys
import time

from . import assets, guard, jump, tool
from .guest import Guest
from .initrd import Initrd
from .qemu import Spec

FROM, TO = "6.1", "6.12"

# Types what it runs, as a user at the console would.
FIRST = """#!/bin/sh
run() {{ echo "# $*"; "$@" || poweroff -f; }}
echo
run uname -a
run kexec --load /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} --reuse-cmdline
run kexec --exec
"""

SECOND = """#!/bin/sh
echo
echo "# uname -a"
uname -a
"""


def show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def main():
    guard.protect_host()
    show(f"fetching Debian kernels {FROM} and {TO} (cached in {assets.cache_dir()})\n")
    first, target = assets.kernel(FROM), assets.kernel(TO)
    second = Initrd("second", {"/lab/start": SECOND})
    carrier = Initrd("first", {
        **tool.files(), **jump.carried(target, second),
        "/lab/start": FIRST.format(release=target.release),
    })
    spec = Spec(first.image, carrier.build(), cmdline="console=ttyS0 quiet")
    show(f"booting {first.release} in QEMU; what follows is its console\n" + "-" * 72 + "\n")
    with Guest(spec, echo=show) as guest:
        at = guest.wait_console("# kexec --exec\n")
        left = time.monotonic()
        guest.wait_console("# uname -a\n", at)
        took = time.monotonic() - left
        guest.wait_up("second")
    show("-" * 72 + f"\nfrom kexec --exec to {target.release}'s init in {took:.1f} s, every "
         "instruction emulated;\nno firmware and no boot loader in between\n")


if __name__ == "__main__":
    try:
        main()
    except (assets.AssetMissing, AssertionError) as error:
        sys.exit(f"demo: {error}")
