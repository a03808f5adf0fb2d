# SPDX-License-Identifier: GPL-2.0-or-later
"""Images of discs: a live system of the tests' own, found in a file on a disk or in memory, and one that is not Linux."""

import hashlib
import os
import subprocess

import pytest

from lab import assets, jump, live, payload
from lab.initrd import random_hash
from test_netboot import CARD, MODULES, NETWORK, servers


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """(image, its system): as Debian's own, without drivers of persistent memory, neither in its initrd nor elsewhere."""
    return live.image(tmp_path_factory.mktemp("live"), drivers=False)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    """With its kernel's package, as images have it that can be installed from."""
    deb = assets.kernel_deb(live.KERNEL)
    return live.image(tmp_path_factory.mktemp("live"), drivers=False, files={f"/pool/main/l/linux-signed-amd64/{deb.name}": deb})


@pytest.fixture(scope="module")
def equipped(tmp_path_factory):
    return live.image(tmp_path_factory.mktemp("live"), drivers=True)


def disk_with(folder, image):
    """A disk of one file system, with the image where somebody would download it to."""
    files = folder / "files/root/download"
    files.mkdir(parents=True)
    os.link(image, files / "live.iso")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder / "files", folder / "disk", "160M"], check=True)
    return ["-drive", f"if=none,id=disk,format=raw,file={folder}/disk", "-device", "nvme,drive=disk,serial=lab"]


def first(folder, image):
    guest = jump.boot("6.1", extra=disk_with(folder, image), memory="1G")
    guest.ok("mkdir -p /mnt && mount -t ext4 /dev/nvme0n1 /mnt")
    return guest


def root_is_the_squashfs(guest, system, device):
    """The system that live-boot has switched to: /, its file system, and what that and its medium lie on."""
    mounts = {line.split()[1]: line.split() for line in guest.ok("cat /proc/mounts").splitlines()}
    assert mounts["/"][2] == "overlay" and "lowerdir=/run/live/rootfs/filesystem.squashfs" in mounts["/"][3], mounts
    assert mounts["/run/live/rootfs/filesystem.squashfs"][2] == "squashfs", mounts
    assert mounts["/run/live/medium"][0].startswith(device) and mounts["/run/live/medium"][2] == "iso9660", mounts
    assert guest.facts("random") == {"random": random_hash(system.random)}


def wipe_and_read(guest, system):
    """Every byte, and nothing of it remembered."""
    guest.ok("dd if=/dev/urandom of=/dev/nvme0n1 bs=1M count=160 conv=fsync && echo 3 >/proc/sys/vm/drop_caches", timeout=300)
    assert guest.facts("random") == {"random": random_hash(system.random)}
    guest.ok("mkdir /disk; ! mount -t ext4 /dev/nvme0n1 /disk")


def test_live_system_on_disk(plain, tmp_path):
    image, system = plain
    with first(tmp_path, image) as guest:
        assert "* Live system (amd64)\n" in guest.ok("kexec list /mnt/root/download/live.iso")
        # The guest's root is in its memory: there nobody will find it.
        result = guest.run("cp /mnt/root/download/live.iso / && kexec load /live.iso")
        assert result.status == 2 and "on no disk of this machine" in result.err and "--to-ram" in result.err, result
        result = guest.run("rm /live.iso; kexec load /mnt/root/download/live.iso")
        assert (result.status, result.err) == (0, 'kexec: loaded "Live system (amd64)"\n'), result
        guest.jump("live", "umount /mnt; kexec exec --now", timeout=300)
        assert "findiso=/root/download/live.iso" in guest.ok("cat /proc/cmdline")
        root_is_the_squashfs(guest, system, "/dev/loop")
        assert guest.ok("mount | grep /run/live/findiso").startswith("/dev/nvme0n1 ")


def in_memory(image, folder, said, device):
    image, system = image
    with first(folder, image) as guest:
        result = guest.run("kexec load --to-ram /mnt/root/download/live.iso 'Live system (amd64)'", timeout=300)
        assert result.status == 0 and said in result.err, result
        guest.jump("live", "umount /mnt; kexec exec --now", timeout=300)
        root_is_the_squashfs(guest, system, device)
        assert ("Persistent Memory (legacy)" in guest.ok("cat /proc/iomem")) == (device == "/dev/pmem0")
        wipe_and_read(guest, system)


def test_live_system_in_memory_while_the_disk_is_wiped(equipped, tmp_path):
    in_memory(equipped, tmp_path, "until firmware resets the machine", "/dev/pmem0")


def test_drivers_come_out_of_the_images_own_package(packaged, tmp_path):
    """Debian's initrds have none: their modules are in the deb of the kernel that is to be installed."""
    in_memory(packaged, tmp_path, "those of its kernel's package in the image are added", "/dev/pmem0")


def test_image_at_an_address(equipped):
    """A machine that has a network and a serial line, and no room on its disk."""
    image, system = equipped
    content = image.read_bytes()
    with servers.Web() as web, jump.boot("6.1", modules=MODULES, memory="1G", extra=CARD) as guest:
        web.put("/live.iso", content)
        guest.ok(NETWORK.format("10.0.2.15"))
        command = f"kexec load --to-ram http://10.0.2.2:{web.port}/live.iso 'Live system (amd64)'"
        result = guest.run(f"{command} --sha256={'0' * 64}", timeout=300)
        assert result.status == 2 and "its SHA-256 is" in result.err, result
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "0"
        result = guest.run(f"{command} --sha256={hashlib.sha256(content).hexdigest()}", timeout=300)
        assert result.status == 0 and "to fetch" in result.err and "until firmware resets the machine" in result.err, result
        guest.jump("live", "kexec exec --now", timeout=300)
        root_is_the_squashfs(guest, system, "/dev/pmem0")


def test_live_system_in_an_initrd_while_the_disk_is_wiped(plain, tmp_path):
    in_memory(plain, tmp_path, "neither the initrd of this entry nor a package in the image", "/dev/loop0")


def test_disc_that_is_not_linux(tmp_path):
    """By memdisk, found where its package has it; what starts is the disc's own boot sector, by the BIOS that memdisk is."""
    memdisk = payload.package_file("bookworm", "syslinux-common", "syslinux/memdisk")
    image = payload.iso(payload.assemble("sector", 0x7C00, "ISO"))
    with jump.boot("6.1", {"/usr/lib/syslinux/memdisk": memdisk, "/boot/image.iso": image}) as guest:
        result = guest.run("kexec load /boot/image.iso")
        assert result.status == 0, result
        since = len(guest.text["console"])
        guest.start("exec kexec exec --now")
        guest.wait_console("clock ticks, reads CD001!", since)
