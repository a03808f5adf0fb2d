# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec list on a system whose boot partitions are not mounted: they are looked at, seen by nobody else, and not written to."""

import hashlib
import json
import subprocess

from lab import gpt, jump

ENTRIES = {
    "loader/entries/a-6.1.conf": "title A\nversion 6.1\nlinux /vmlinuz-6.1\ninitrd /initrd-6.1\noptions root=/dev/a\n",
    "loader/entries/a-6.12.conf": "title A\nversion 6.12\nlinux /gone\n",
    "vmlinuz-6.1": "stands in for a kernel\n",
    "initrd-6.1": "stands in for an initrd\n",
}
LOADER = {"EFI/systemd/systemd-bootx64.efi": "stands in for a program\n", "loader/loader.conf": "default a-6.1.conf\n"}


def partition(folder, name, files):
    """A file system with files, whose journal would be replayed by whoever mounts it, even read-only."""
    for path, text in files.items():
        (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / path).write_text(text)
    image = folder / f"{name}.img"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder / name, image, "16M"], check=True)
    subprocess.run(["debugfs", "-w", "-R", "feature needs_recovery", image], check=True, capture_output=True)
    return image


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_disk(tmp_path):
    disk = tmp_path / "disk"
    gpt.write(disk, [(gpt.LINUX, partition(tmp_path, "other", {"loader/entries/other.conf": "linux /other\n"})),
                     (gpt.ESP, partition(tmp_path, "esp", LOADER)),
                     (gpt.XBOOTLDR, partition(tmp_path, "xbootldr", ENTRIES))])
    return disk, ["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "nvme,drive=disk,serial=lab"]


def test_list_of_partitions_that_are_not_mounted(tmp_path):
    disk, extra = write_disk(tmp_path)
    before = digest(disk)
    with jump.boot("6.1", extra=extra) as guest:
        mounts = guest.ok("cat /proc/self/mountinfo")
        result = guest.run("kexec list --json")
        assert (result.status, result.err) == (0, ""), result
        oldest, newest = json.loads(result.out)
        assert (newest["id"], newest["default"]) == ("a-6.12.conf", False)
        assert newest["problem"] == "(/dev/nvme0n1p3)/gone is not there"
        assert (oldest["id"], oldest["default"], oldest["problem"]) == ("a-6.1.conf", True, None)
        assert oldest["linux"] == "(/dev/nvme0n1p3)/vmlinuz-6.1" and oldest["options"] == "root=/dev/a"
        assert oldest["initrd"] == ["(/dev/nvme0n1p3)/initrd-6.1"]
        assert oldest["source"]["file"] == "(/dev/nvme0n1p3)/loader/entries/a-6.1.conf"
        assert "* A\n" in guest.run("kexec list").out
        # Nothing stays: no mount for others, no folder.
        assert guest.ok("cat /proc/self/mountinfo") == mounts
        assert "kexec-" not in guest.ok("ls /tmp; ls /run 2>/dev/null; true")
        # The other order: that a plain read-only mount does write shows that the test sees it.
        assert digest(disk) == before
        guest.ok("mkdir -p /mnt && mount -t ext4 -o ro /dev/nvme0n1p3 /mnt && sync")
        assert digest(disk) != before
        # Mounted where nobody expects it, it is as good.
        mounted = json.loads(guest.ok("kexec list --json"))
        assert [entry["linux"] for entry in mounted] == ["/mnt/vmlinuz-6.1", "/mnt/gone"]


def test_nothing_is_kept_busy(tmp_path):
    """While the command waits, what is unmounted elsewhere is unmounted for it, too."""
    _, extra = write_disk(tmp_path)
    with jump.boot("6.1", extra=extra) as guest:
        guest.ok("mount --make-rshared / && mkdir /side && mount -t tmpfs side /side && mkfifo /fifo")
        guest.ok("(kexec plan --initrd=/fifo >/dev/null 2>&1 & echo $! >/pid)")
        # Its own mounts are there, so all of the way is behind it; it waits for somebody to write to the pipe.
        guest.ok("until grep -q kexec- /proc/$(cat /pid)/mountinfo; do [ -d /proc/$(cat /pid) ] || exit 1; done")
        assert " /side " in guest.ok("cat /proc/$(cat /pid)/mountinfo")
        assert "kexec-" not in guest.ok("cat /proc/self/mountinfo")
        guest.ok("umount /side")
        assert " /side " not in guest.ok("cat /proc/$(cat /pid)/mountinfo")
        guest.ok("echo >/fifo")
