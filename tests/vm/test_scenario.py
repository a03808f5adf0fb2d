# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user types, exactly, and what stands around it."""

import json

from lab import assets, jump
from lab.initrd import Initrd, random_hash


def test_user_scenario():
    """No flag but those of the manual page; a failed load in between changes nothing."""
    kernel, second = assets.kernel("6.12"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        before = guest.facts("cmdline")
        guest.ok(
            f"kexec --load /boot/vmlinuz-{kernel.release} "
            f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline"
        )
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
        guest.ok(f"head -c 400000 /boot/vmlinuz-{kernel.release} >/tmp/cut")
        assert guest.run("kexec --load /tmp/cut").status != 0
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
        guest.jump("second", "kexec --exec")
        assert kernel.release in guest.ok("uname -a")
        after = guest.facts("cmdline", "random")
    assert after["cmdline"] == jump.reused(before["cmdline"])
    assert after["random"] == random_hash(second.random)


def test_exec_with_nothing_mounted():
    """systemd-shutdown calls kexec -e when /proc and /sys may be gone already."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        guest.ok(f"kexec -l /boot/vmlinuz-{kernel.release} "
                 f"--initrd=/boot/initrd.img-{kernel.release} --command-line=console=ttyS0")
        guest.jump("second", "umount -l /sys; umount -l /proc; exec kexec -e </dev/null")
        after = guest.facts("release", "cmdline")
    assert after == {"release": kernel.release, "cmdline": "console=ttyS0"}


def test_kernel_alone_asks_init_for_a_reboot():
    """Without a verb: load, then `shutdown -r now`, at whose end an init runs kexec -e. Here that is all it does."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        guest.ok("printf '#!/bin/sh\\necho asked: $0 $* >/dev/console\\nexec kexec -e\\n' >/sbin/shutdown")
        guest.ok("chmod +x /sbin/shutdown")
        guest.jump("second", f"kexec /boot/vmlinuz-{kernel.release} "
                             f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline")
        assert "asked: /sbin/shutdown -r now" in guest.log()


def test_unload_forgets_the_kernel():
    kernel = assets.kernel("6.1")
    with jump.boot("6.1", jump.carried(kernel)) as guest:
        for call in ("-c", "-s"):
            guest.ok(f"kexec {call} -l /boot/vmlinuz-{kernel.release} --reuse-cmdline")
            assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
            guest.ok("kexec -u")
            assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "0"
        assert guest.run("kexec -e").status != 0
        assert guest.facts("release")["release"] == kernel.release


def test_force_loads_and_starts_at_once():
    kernel, second = assets.kernel("6.1"), Initrd("second")
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        guest.jump("second", f"kexec -f /boot/vmlinuz-{kernel.release} "
                             f"--initrd=/boot/initrd.img-{kernel.release} --reuse-cmdline")
        assert guest.facts("random")["random"] == random_hash(second.random)


def test_check_and_status_on_a_stock_kernel():
    """With its configuration at hand, nothing about the running kernel stays unknown."""
    kernel = assets.kernel("6.1")
    files = {
        **jump.carried(kernel),
        f"/boot/config-{kernel.release}": kernel.image.with_name(f"config-{kernel.release}"),
    }
    with jump.boot("6.1", files) as guest:
        before = json.loads(guest.run("kexec status --json").out)
        assert before["allowed"] == {"kexec_load": True, "kexec_file_load": True}
        assert (before["loaded"], before["crash_loaded"]) == (False, False)
        checked = guest.run("kexec check")
        assert checked.status in (0, 1) and "config.kexec: CONFIG" in checked.out, checked.out
        guest.ok(f"kexec -l /boot/vmlinuz-{kernel.release} --reuse-cmdline")
        assert json.loads(guest.ok("kexec status --json"))["loaded"] is True
