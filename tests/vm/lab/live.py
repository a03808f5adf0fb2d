# SPDX-License-Identifier: GPL-2.0-or-later
"""A live system of Debian's: an initrd that its own mkinitramfs makes with live-boot in it, and a small root in a squashfs."""

import functools
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import assets, disk
from .initrd import Initrd, Link

SUITE, KERNEL = "bookworm", "6.1"
PACKAGES = "live-boot live-boot-initramfs-tools initramfs-tools busybox kmod udev zstd"
DRIVERS = ("nd_e820", "nd_pmem")
# The second one has what makes /dev/pmem0; Debian's own live images have it not.
RECIPE = disk.BASE + r"""
mount -t proc proc "$root/proc"
cp kernel.deb "$root"
in_root dpkg -i /kernel.deb
cp "$root"/boot/initrd.img-* initrd.img
printf '%s\n' $drivers >>"$root/etc/initramfs-tools/modules"
in_root mkinitramfs -o /initrd-pmem.img "$release"
mv "$root/initrd-pmem.img" .
umount "$root/proc"
"""

# As live-build writes it: share/bootloaders/grub-pc/grub.cfg, with a console that the test can read.
GRUB = """set default=0
set timeout=-1
menuentry "Live system (amd64)" --hotkey=l {
	linux	/live/vmlinuz boot=live components quiet splash findiso=${iso_path} console=ttyS0 no_timer_check
	initrd	/live/initrd.img
}
"""
LOOPBACK = "source /boot/grub/grub.cfg\n"


def _make(folder, kernel, deb):
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work = Path(temporary)
        shutil.copy(deb, work / "kernel.deb")
        disk.run_recipe(work, RECIPE, SUITE, PACKAGES, release=kernel.release, drivers=" ".join(DRIVERS))
        done = work / "done"
        done.mkdir()
        for file in work.glob("initrd*.img"):
            file.rename(done / file.name)
        done.rename(folder)


@functools.lru_cache(maxsize=None)
def initrd(drivers):
    """The initrd with live-boot for KERNEL, with drivers of persistent memory or without; made, in a minute or two, if there is none."""
    kernel, deb = assets.kernel(KERNEL), assets.kernel_deb(KERNEL)
    name = f"live-{SUITE}-{hashlib.sha256(repr((RECIPE, PACKAGES, DRIVERS, deb.name)).encode()).hexdigest()[:16]}"
    folder = assets.cache_dir() / "disks" / name
    with assets.locked("live"):
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            for old in folder.parent.glob(f"live-{SUITE}-*"):
                shutil.rmtree(old)
            _make(folder, kernel, deb)
    return folder / ("initrd-pmem.img" if drivers else "initrd.img")


def write(folder, files):
    """{path: bytes, str, Path or Link} as files below a folder."""
    for path, content in files.items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            target.symlink_to(content)
            continue
        data = content.read_bytes() if isinstance(content, Path) else content
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        target.chmod(0o755)


def image(folder, drivers, files=None, size=24 << 20):
    """(image, system): what is in the squashfs is a system whose agent answers as system.name, with random files of that size."""
    system = Initrd("live", random=size)
    root = {("/sbin/init" if path == "/init" else path): content for path, content in system.files.items()}
    write(folder / "system", {**root, "/etc/fstab": "", "/etc/hostname": "live\n"})
    for name in "proc", "sys", "dev", "run", "tmp", "root", "var/log":
        (folder / "system" / name).mkdir(parents=True)
    tree = folder / "tree"
    write(tree, {"/boot/grub/grub.cfg": GRUB, "/boot/grub/loopback.cfg": LOOPBACK, "/live/vmlinuz": assets.kernel(KERNEL).image,
                 "/live/initrd.img": initrd(drivers), **(files or {})})
    try:
        subprocess.run(["mksquashfs", folder / "system", tree / "live/filesystem.squashfs", "-quiet", "-no-progress", "-noI", "-noD",
                        "-all-root"], check=True)
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "LIVE", "-o", folder / "live.iso", tree], check=True)
    except FileNotFoundError as missing:
        raise assets.AssetMissing(f"{missing.filename} is not installed") from None
    return folder / "live.iso", system
