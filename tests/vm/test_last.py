# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec last: how long the jump took, from what purgatory leaves for the next kernel."""

import json
import subprocess

import pytest

from lab import assets, jump, tool
from lab.initrd import Initrd


@pytest.mark.parametrize("name", ["5.10", "6.1", "6.12", "7.x"])
def test_last(name):
    """The node arrives in every kernel; what has not been left behind is unknown."""
    kernel = assets.kernel(name)
    second = Initrd("second", files=tool.files())
    load = f"kexec -c -l /boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline"
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        assert guest.run("kexec last").status == 2
        guest.ok(load)
        guest.jump("second")
        result = guest.run("kexec last --json")
        assert result.status == 1, result
        phases = {phase["name"]: phase["ns"] for phase in json.loads(result.out)["phases"]}
        assert phases["shutdown"] is None and phases["init"] is None
        assert 0 < phases["jump"] < 20e9
        assert 0 < phases["kernel"] < 120e9
        assert "lab.word=one" in guest.facts("cmdline")["cmdline"]
        assert "kexec" not in guest.facts("cmdline")["cmdline"]


def test_last_with_somewhere_to_write(tmp_path):
    """The exec's own time survives on a disk; then only the end of init is unknown, which none here tells."""
    disk = tmp_path / "disk"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", disk, "16M"], check=True)
    kernel = assets.kernel("6.1")
    second = Initrd("second", files=tool.files())
    extra = ["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "nvme,drive=disk,serial=lab"]
    mount = "mkdir -p /var/lib && mount -t ext4 /dev/nvme0n1 /var/lib"
    with jump.boot("6.1", jump.carried(kernel, second), extra=extra) as guest:
        guest.ok(mount)
        guest.ok(f"kexec -c -l /boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} "
                 "--reuse-cmdline")
        guest.jump("second")
        guest.ok(mount)
        answer = json.loads(guest.run("kexec last --json").out)
        phases = {phase["name"]: phase["ns"] for phase in answer["phases"]}
        assert 0 < phases["shutdown"] < 120e9
        assert answer["known_ns"] == sum(phases[name] for name in ("shutdown", "jump", "kernel"))
        assert "<svg" in guest.run("kexec last --svg").out


def test_last_after_kexec_file_load():
    kernel = assets.kernel("6.1")
    second = Initrd("second", files=tool.files())
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        guest.ok(f"kexec -s -l /boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} "
                 "--reuse-cmdline")
        guest.jump("second")
        result = guest.run("kexec last")
        assert (result.status, result.out) == (2, "")
        assert "was not started by kexec-next's kexec_load" in result.err
