# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian installer, started from a running system, shows its first menu."""

from lab import assets, jump


def test_installer_reaches_its_first_menu():
    image, initrd = assets.debian_installer()
    with jump.boot("6.1", {"/boot/linux": image, "/boot/initrd.gz": initrd}) as guest:
        guest.ok("kexec --load /boot/linux --initrd=/boot/initrd.gz "
                 '--command-line="console=ttyS0 priority=low"')
        since = len(guest.text["console"])
        guest.start("kexec --exec")
        guest.wait_console("Debian installer main menu", since)
