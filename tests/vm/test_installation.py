# SPDX-License-Identifier: GPL-2.0-or-later
"""`kexec netboot debian` as somebody far away would use it: a whole installation that asks nothing, and what it installed."""

import os

import pytest

from lab import debian_mirror
from lab.guest import Guest
from lab.qemu import Spec
from test_netboot import CARD, machine, servers, signer, web  # noqa: F401

HOUR = 3600  # seconds of a guest's clock
IDLE = 1200  # unpacking the kernel's package is one step
# Whom the installer trusts is a file of its initrd; whom the installed system's apt does, one that its own hook puts there.
PRESEED = r"""
d-i preseed/early_command string mkdir -p /usr/lib/base-installer.d; cd /usr/lib/base-installer.d; \
  printf '#!/bin/sh\ncp /usr/share/keyrings/archive.gpg /target/etc/apt/trusted.gpg.d/mirror.gpg\n' >10mirror; chmod +x 10mirror
d-i hw-detect/firmware-lookup string never
d-i mirror/country string manual
d-i mirror/http/hostname string 10.0.2.2:@PORT@
d-i mirror/http/directory string /debian
d-i mirror/http/proxy string
d-i passwd/root-password password lab
d-i passwd/root-password-again password lab
d-i passwd/make-user boolean false
d-i clock-setup/utc boolean true
d-i clock-setup/ntp boolean false
d-i time/zone string UTC
d-i partman-auto/disk string /dev/vda
d-i partman-auto/method string regular
d-i partman-auto/expert_recipe string root :: 500 10000 -1 ext4 $primary{ } $bootable{ } \
  method{ format } format{ } use_filesystem{ } filesystem{ ext4 } mountpoint{ / } .
d-i partman-basicfilesystems/no_swap boolean false
d-i partman-partitioning/confirm_write_new_label boolean true
d-i partman/choose_partition select finish
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true
d-i base-installer/debootstrap_variant string minbase
d-i base-installer/includes string init udev kmod ifupdown debconf-i18n e2fsprogs
d-i base-installer/install-recommends boolean false
d-i base-installer/kernel/image string linux-image-cloud-amd64
d-i apt-setup/services-select multiselect
d-i apt-setup/enable-source-repositories boolean false
d-i apt-setup/non-free-firmware boolean false
d-i pkgsel/run_tasksel boolean false
d-i pkgsel/upgrade select none
d-i pkgsel/update-policy select none
d-i grub-installer/only_debian boolean true
d-i grub-installer/bootdev string /dev/vda
d-i debian-installer/add-kernel-opts string console=ttyS0 no_timer_check
d-i finish-install/reboot_in_progress note
"""
# The console is watched, so lines in place of a screen whose clock would go on for ever.
APPEND = ("auto=true priority=critical locale=en_US.UTF-8 keymap=us DEBIAN_FRONTEND=text TERM=dumb nomodeset no_timer_check "
          "url=http://10.0.2.2:@PORT@/preseed.cfg")

# Of the installed system, once it has the address that the first one had.
FACTS = """until ip -o -4 address | grep -q 10.0.2.15/24; do sleep 1; done
. /etc/os-release; echo "@@ $ID $VERSION_CODENAME $(findmnt -no SOURCE /) $(uname -r)"
"""


@pytest.fixture(scope="module")
def mirror():
    return debian_mirror.contents()


def drive(path):
    return ["-drive", f"if=none,id=disk,format=raw,cache=unsafe,file={path}",
            "-device", "virtio-blk-pci,drive=disk,bootindex=1,romfile="]


def start_installer(guest, web, trusted):  # noqa: F811
    """From a system that knows its network and the mirror's key to the installer, whose keyring is the one given."""
    append = APPEND.replace("@PORT@", str(web.port))
    result = guest.run(f"kexec netboot debian --mirror=http://10.0.2.2:{web.port}/debian --keyring=/root/mirror.gpg "
                       f"--add={trusted}=/usr/share/keyrings/archive.gpg --keep-network --append='{append}'", timeout=600)
    assert result.status in (0, 1), result
    guest.start("exec kexec exec")


def put_mirror(web, key, mirror):  # noqa: F811
    kernel, initrd, files = mirror
    servers.debian_mirror(web, key, kernel.read_bytes(), initrd.read_bytes(), files=files)
    web.put("/preseed.cfg", PRESEED.replace("@PORT@", str(web.port)).encode())


@pytest.mark.long
def test_unattended(signer, web, mirror, tmp_path):  # noqa: F811
    """Nobody types until the disk's own boot loader has started what was installed."""
    key, keyring = signer
    disk = tmp_path / "disk"
    disk.touch()
    os.truncate(disk, 4 << 30)
    put_mirror(web, key, mirror)
    with machine({"/root/mirror.gpg": keyring}, extra=drive(disk)) as guest:
        guest.ok("hostname installed")
        start_installer(guest, web, "/root/mirror.gpg")
        guest.wait_reset(6 * HOUR, idle=IDLE)
    # In the same slots, by which network cards are called.
    with Guest(Spec(None, b"", memory="1G", extra=[*CARD, *drive(disk)])) as guest:
        at = guest.wait_console("installed login: ", timeout=HOUR, idle=IDLE)
        guest.send("console", "root\n")
        at = guest.wait_console("Password: ", at, IDLE)
        guest.send("console", "lab\n")
        at = guest.wait_console("# ", at, IDLE)
        guest.send("console", FACTS)
        at = guest.wait_console("@@ debian trixie /dev/vda1 ", at, IDLE)
        at = guest.wait_console("-cloud-amd64\n", at, IDLE)


@pytest.mark.long
def test_mirror_of_somebody_else(signer, web, mirror):  # noqa: F811
    """What the installer fetches is checked by the keyring that was put into its initrd, and by no other."""
    key, keyring = signer
    other = servers.Signer("other")
    try:
        put_mirror(web, key, mirror)
        with machine({"/root/mirror.gpg": keyring, "/root/other.gpg": other.gpg("--export")}) as guest:
            start_installer(guest, web, "/root/other.gpg")
            guest.wait_console("Downloading a file failed", timeout=2 * HOUR, idle=IDLE)
        asked = [request[1] for request in web.gets()]
        assert f"/debian/dists/{debian_mirror.SUITE}/Release.gpg" in asked
        assert not [path for path in asked if path.endswith((".udeb", "Packages"))]
    finally:
        other.close()
