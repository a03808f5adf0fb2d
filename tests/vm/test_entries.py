# SPDX-License-Identifier: GPL-2.0-or-later
"""Rebooting by the boot loader's entries: the second system says where it arrived, the disk what was written down."""

import base64
import json
import subprocess

from lab import assets, gpt, initrd, jump, tool
from lab.initrd import Initrd

CONFIG = """
load_env
set default="${saved_entry}"
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
fi
menuentry 'Linux one' --id one { linux /vmlinuz root=/dev/one console=ttyS0 no_timer_check; initrd /initrd-one }
menuentry 'Linux two' --id two { linux /vmlinuz root=/dev/two console=ttyS0 no_timer_check; initrd /initrd-two }
"""
# Whoever is started by it shuts down as busybox does: all of these, then the end of every process.
INITTAB = """
ttyS1::respawn:/lab/serve
::shutdown:/bin/umount /boot
::shutdown:/sbin/kexec --exec
"""


def block(text):
    return f"# GRUB Environment Block\n{text}".ljust(1024, "#")


# In the place of reboot(8): where it was asked from, and no.
REFUSAL = "#!/bin/sh\nreadlink /proc/$PPID/ns/mnt >/tmp/asked-from\nexit 1\n"


def system(name):
    """An initrd with busybox as PID 1."""
    start = "exec sh /lab/agent </dev/ttyS1 >/dev/ttyS1\n"
    assert initrd.INIT.endswith(start)
    return Initrd(name, files={
        **tool.files(), "/init": initrd.INIT.removesuffix(start) + "exec /sbin/init\n", "/etc/inittab": INITTAB,
        "/lab/serve": "#!/bin/sh\nexport PATH=/sbin:/usr/sbin:/bin:/usr/bin\n" + start,
    })


def boot_partition(folder, files):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    image = folder.with_suffix(".img")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder, image, "192M"], check=True)
    return image


def nvme(disk):
    return ["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "nvme,drive=disk,serial=lab"]


def debugfs(image, command):
    return subprocess.run(["debugfs", "-R", command, image], check=True, capture_output=True).stdout


def test_reboot_by_grubs_entries(tmp_path):
    """The choice for once, from a partition that is not mounted, then a title; each with a clean shutdown by busybox."""
    kernel = assets.kernel("6.1")
    boot = boot_partition(tmp_path / "boot", {
        "grub/grub.cfg": CONFIG, "grub/grubenv": block("saved_entry=one\nnext_entry=two\n"),
        "vmlinuz": kernel.image.read_bytes(),
        **{f"initrd-{name}": system(name).build("gzip") for name in ("one", "two")},
    })
    disk = tmp_path / "disk"
    start = gpt.write(disk, [(gpt.XBOOTLDR, boot)])[0]
    mount = "mkdir -p /boot && mount -t ext4 /dev/nvme0n1p1 /boot"
    with jump.boot("6.1", files=system("first").files, extra=nvme(disk)) as guest:
        # Not mounted at first: it is read, and at last written to, where nobody sees it.
        mounts = guest.ok("cat /proc/self/mountinfo")
        marked = [entry["id"] for entry in json.loads(guest.ok("kexec list --json")) if entry["default"]]
        assert marked == ["two"]
        assert "root=/dev/two" in guest.run("kexec plan").out
        assert guest.run("kexec load").status == 0
        assert guest.ok("cat /proc/self/mountinfo") == mounts
        assert "next_entry=two\n" in guest.ok(f"{mount} && cat /boot/grub/grubenv && umount /boot")
        guest.jump("two", "kexec reboot")
        assert guest.facts("cmdline")["cmdline"].split()[-3:] == ["root=/dev/two", "console=ttyS0", "no_timer_check"]
        assert "recovery" not in guest.ok(f"{mount} && dmesg")
        assert guest.ok("cat /boot/grub/grubenv") == block("saved_entry=one\nnext_entry=\n")
        guest.ok("kexec load 'Linux two' && kexec unload")
        guest.jump("one", "kexec reboot 'Linux one'")
        assert "root=/dev/one" in guest.facts("cmdline")["cmdline"]
        # By hand: mounted while it is loaded, and no longer when it is started, as after a shutdown.
        again = block("saved_entry=one\nnext_entry=two\n")
        guest.ok(f"{mount} && printf '%s' '{again}' >/boot/grub/grubenv")
        guest.ok("kexec load && umount /boot")
        guest.jump("two", "kexec exec")
    image = f"{disk}?offset={start}"
    assert debugfs(image, "cat /grub/grubenv").decode() == block("saved_entry=one\nnext_entry=\n")
    assert b"needs_recovery" not in debugfs(image, "features")


def variable(name, text):
    """A command that sets a variable of the Boot Loader Interface, kept, by one write."""
    value = base64.b64encode(b"\7\0\0\0" + text.encode("utf-16le") + b"\0\0").decode()
    return (f"echo {value} | base64 -d >/tmp/value && dd if=/tmp/value bs=1k of=/sys/firmware/efi/efivars/"
            f"{name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f")


def test_choice_for_once_of_systemd_boot(tmp_path):
    """Entries and kernel on partitions that are not mounted; the variable is gone in the next system."""
    kernel = assets.kernel("6.1")
    entry = "title {0}\nlinux /vmlinuz\ninitrd /initrd-{0}\noptions lab.entry={0} console=ttyS0 no_timer_check\n"
    esp = boot_partition(tmp_path / "esp", {
        "EFI/systemd/systemd-bootx64.efi": "stands in for a program\n", "loader/loader.conf": "default one.conf\n",
        "loader/entries/old+2-1.conf": entry.format("one")})
    xbootldr = boot_partition(tmp_path / "xbootldr", {
        **{f"loader/entries/{name}.conf": entry.format(name) for name in ("one", "two")},
        "vmlinuz": kernel.image.read_bytes(), "initrd-one": b"none",
        "initrd-two": Initrd("two", files=tool.files(), modules=[kernel.module("efivarfs")]).build("gzip")})
    disk = tmp_path / "disk"
    gpt.write(disk, [(gpt.ESP, esp), (gpt.XBOOTLDR, xbootldr)])
    with jump.boot("6.1", files=system("first").files, modules=["efivarfs"], firmware="ovmf",
                   extra=nvme(disk)) as guest:
        guest.ok(variable("LoaderEntryOneShot", "two.conf") + " && mv /tmp/value /tmp/once")
        guest.ok(variable("LoaderBootCountPath", "\\loader\\entries\\old+2-1.conf"))
        # LoaderBootCountPath is kept here; a boot loader's is volatile, and such ones firmware lets nobody take away.
        assert guest.run("rm /sys/firmware/efi/efivars/ConOutDev-*").status == 1
        mounts = guest.ok("cat /proc/self/mountinfo")
        guest.ok(f"rm /sbin/reboot; printf '%s' '{REFUSAL}' >/sbin/reboot; chmod +x /sbin/reboot")
        result = guest.run("kexec reboot")
        assert result.status == 2 and "did not agree to shut down" in result.err, result
        # Not from the namespace in which partitions were mounted, which would keep others from being unmounted.
        assert guest.ok("cat /tmp/asked-from") == guest.ok("readlink /proc/1/ns/mnt")
        result = guest.run("kexec load")
        assert result.status == 0 and "was not found good yet" in result.err, result
        assert guest.ok("cat /proc/self/mountinfo") == mounts
        assert guest.ok("cmp /tmp/once /sys/firmware/efi/efivars/LoaderEntryOneShot-*") == ""
        guest.jump("two", "kexec exec")
        words = guest.facts("cmdline")["cmdline"].split()
        assert "lab.entry=two" in words and "systemd.mask=systemd-bless-boot.service" in words
        assert "LoaderEntryOneShot" not in guest.ok("ls /sys/firmware/efi/efivars")
        # From then on it is loader.conf's.
        marked = [entry["id"] for entry in json.loads(guest.ok("kexec list --json")) if entry["default"]]
        assert marked == ["one.conf"]
