# SPDX-License-Identifier: GPL-2.0-or-later
"""--fast=hints: words that make the next kernel start faster, and that leave no trace beyond it."""

import json

import pytest

from lab import assets, jump, tool
from lab.initrd import Initrd

WORDS = "console=ttyS0 lab.word=two"
HINTS = "cryptomgr.notests no_timer_check kexec.hints=cryptomgr.notests,no_timer_check"


@pytest.mark.parametrize("name, call", [("5.10", "-c"), ("6.1", "-s"), ("7.x", "-c")])
def test_hints(name, call):
    """They work, the mark disturbs neither kernel nor init, and the next --reuse-cmdline takes all out."""
    kernel = assets.kernel(name)
    second = Initrd("second", files={**tool.files(), "/boot/vmlinuz": kernel.image})
    load = f"/boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} --command-line='{WORDS}'"
    with jump.boot("6.1", jump.carried(kernel, second)) as guest:
        plan = json.loads(guest.run(f"kexec plan --json {call} --fast=hints {load}").out)
        assert [hint["word"] for hint in plan["hints"]] == HINTS.split()[:-1]
        guest.ok(f"kexec -l {call} --fast=hints {load}")
        guest.jump("second")
        assert guest.facts("cmdline", "release") == {
            "cmdline": f"{WORDS} {HINTS}", "release": kernel.release}
        assert guest.ok("cat /sys/module/cryptomgr/parameters/notests").strip() == "Y"
        assert "Unknown kernel command line" not in guest.ok("dmesg")
        given = guest.ok("tr '\\0' '\\n' </proc/1/environ; tr '\\0' '\\n' </proc/1/cmdline")
        assert "hints" not in given and "notests" not in given
        again = json.loads(guest.run("kexec plan --json --reuse-cmdline /boot/vmlinuz").out)
        assert again["cmdline"] == WORDS
