# SPDX-License-Identifier: GPL-2.0-or-later
"""Images of discs: a live system of the tests' own, found in a file on a disk or in memory, and one that is not Linux."""

import hashlib
import os
import subprocess

import pytest

from lab import assets, jump, payload, tool
from lab.initrd import Initrd

# In the order in which they need one another; the second make /dev/pmem0.
MODULES = ("cdrom", "isofs", "loop", "squashfs")
DRIVERS = ("libnvdimm", "nd_btt", "nd_pmem", "nd_e820")

# As live-boot(7) has it: findiso= is a file on whatever file system has it, live-media= a device; the rest is in /live.
# As initramfs-tools(7), it reads what is in conf/conf.d first.
START = r"""#!/bin/sh
for conf in /conf/conf.d/*; do [ ! -e "$conf" ] || . "$conf"; done
for name in libnvdimm nd_btt nd_pmem nd_e820; do
	driver=/lib/modules/live/kernel/drivers/nvdimm/$name.ko
	[ ! -e $driver ] || insmod $driver
done
for word in $(cat /proc/cmdline); do
	case $word in
	findiso=*) wanted=${word#findiso=} ;;
	live-media=*) media=${word#live-media=} ;;
	esac
done
mkdir -p /disk /medium /system
if [ -n "$wanted" ]; then
	mount -t ext4 -o ro /dev/nvme0n1 /disk && mount -t iso9660 -o ro,loop "/disk$wanted" /medium
else
	# nvdimm's drivers probe by themselves after they are loaded; as live-boot, try for some time.
	for turn in $(seq 100); do [ ! -b "$media" ] || break; sleep 0.1; done
	mount -t iso9660 -o ro "$media" /medium
fi
mount -t squashfs -o ro,loop /medium/live/filesystem.squashfs /system
"""

GRUB = """set timeout=5
menuentry "Live" {
	search --set=root --file /live/vmlinuz
	linux /live/vmlinuz boot=live components quiet console=ttyS0 no_timer_check
	initrd /live/initrd.img
}
"""


def make_live(folder, drivers):
    """(image, what sha256sum says of the file in its squashfs); its initrd has drivers of persistent memory, or has not."""
    kernel = assets.kernel("6.1")
    files = {f"/lib/modules/live/kernel/drivers/nvdimm/{name}.ko": kernel.module(name) for name in drivers}
    second = Initrd("live", files={"/lab/start": START, **files}, modules=[kernel.module(name) for name in MODULES])
    content = os.urandom(24 << 20)
    (folder / "system").mkdir()
    (folder / "system/random").write_bytes(content)
    tree = folder / "tree"
    (tree / "live").mkdir(parents=True)
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(GRUB)
    (tree / "live/vmlinuz").write_bytes(kernel.image.read_bytes())
    (tree / "live/initrd.img").write_bytes(second.build("gzip"))
    try:
        subprocess.run(["mksquashfs", folder / "system", tree / "live/filesystem.squashfs", "-quiet", "-no-progress", "-noI", "-noD"],
                       check=True)
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "LIVE", "-o", folder / "live.iso", tree], check=True)
    except FileNotFoundError as missing:
        raise assets.AssetMissing(f"{missing.filename} is not installed") from None
    return folder / "live.iso", hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    return make_live(tmp_path_factory.mktemp("live"), DRIVERS)


@pytest.fixture(scope="module")
def live_without_drivers(tmp_path_factory):
    return make_live(tmp_path_factory.mktemp("live"), ())


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


def found(guest):
    return guest.ok("sha256sum </system/random").split()[0]


def wipe_and_read(guest, digest):
    """Every byte, and nothing of it remembered."""
    guest.ok("dd if=/dev/urandom of=/dev/nvme0n1 bs=1M count=160 conv=fsync && echo 3 >/proc/sys/vm/drop_caches", timeout=300)
    assert found(guest) == digest
    guest.ok("! mount -t ext4 /dev/nvme0n1 /disk")


def test_live_system_on_disk(live, tmp_path):
    image, digest = live
    with first(tmp_path, image) as guest:
        assert "* Live\n" in guest.ok("kexec list /mnt/root/download/live.iso")
        # The guest's root is in its memory: there nobody will find it.
        result = guest.run("cp /mnt/root/download/live.iso / && kexec load /live.iso")
        assert result.status == 2 and "on no disk of this machine" in result.err and "--to-ram" in result.err, result
        result = guest.run("rm /live.iso; kexec load /mnt/root/download/live.iso")
        assert (result.status, result.err) == (0, 'kexec: loaded "Live"\n'), result
        guest.jump("live", "umount /mnt; kexec exec --now")
        assert "findiso=/root/download/live.iso boot=live" in guest.ok("cat /proc/cmdline")
        assert found(guest) == digest


def test_live_system_in_memory_while_the_disk_is_wiped(live, tmp_path):
    image, digest = live
    with first(tmp_path, image) as guest:
        result = guest.run("kexec load --to-ram /mnt/root/download/live.iso Live")
        assert result.status == 0 and "until firmware resets the machine" in result.err, result
        guest.jump("live", "umount /mnt; kexec exec --now")
        assert "Persistent Memory (legacy)" in guest.ok("cat /proc/iomem")
        assert guest.ok("mount | grep /medium").startswith("/dev/pmem0 ")
        wipe_and_read(guest, digest)


def test_live_system_in_an_initrd_while_the_disk_is_wiped(live_without_drivers, tmp_path):
    """Debian's and Ubuntu's initrds have no such drivers."""
    image, digest = live_without_drivers
    with first(tmp_path, image) as guest:
        result = guest.run("kexec load --to-ram /mnt/root/download/live.iso Live")
        assert result.status == 0 and "has no driver of persistent memory" in result.err, result
        guest.jump("live", "umount /mnt; kexec exec --now")
        assert guest.ok("mount | grep /medium").startswith("/dev/loop0 ")
        wipe_and_read(guest, digest)


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
