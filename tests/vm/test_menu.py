# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec menu on a serial line: what is typed there arrives in the second system."""

import re

import pytest

from lab import assets, jump
from lab.initrd import Initrd
from lab.screen import Screen
from test_entries import boot_partition, nvme, system

CONFIG = """
set timeout={}
menuentry 'Linux one' --id one {{ linux /vmlinuz lab.entry=one console=ttyS0 no_timer_check; initrd /initrd-one }}
menuentry 'Linux two' --id two {{ linux /vmlinuz lab.entry=two quiet console=ttyS0 no_timer_check; initrd /initrd-two }}
"""
UP, DOWN, RIGHT, HOME, DELETE = "\033[A", "\033OB", "\033[C", "\033[1~", "\033[3~"  # arrows are of two kinds


class SerialLine:
    """The guest's console, on which the menu was started, as a terminal of 80x24 shows it."""

    def __init__(self, guest, term):
        self.guest = guest
        self.command = f"TERM={term} setsid -c kexec menu </dev/ttyS0 >/dev/ttyS0 2>&1"
        guest.ok("mkdir -p /boot && mount -t ext4 /dev/nvme0n1 /boot && dmesg -n 1")
        self.since = len(guest.text["console"])
        guest.start(self.command)

    def said(self):
        return self.guest.text["console"][self.since:]

    def shown(self):
        if "\033" not in self.said():
            return self.said()
        screen = Screen(80, 24)
        # The last sequence may not be here in full.
        screen.feed(re.match(r"(?:\033\[[?0-9;]*[A-Za-z]|[^\033])*", self.said()).group())
        return "\n".join(screen.lines())

    def wait(self, pattern):
        self.guest.wait_for(pattern, lambda: re.search(pattern, self.shown(), re.M))

    def type(self, keys):
        self.guest.send("console", keys)

    def arrive(self, name, words):
        self.guest.arrive(name, self.command)
        assert self.guest.facts("cmdline")["cmdline"] == f"lab.entry={name} {words}console=ttyS0 no_timer_check"


def start(tmp_path, timeout):
    kernel = assets.kernel("6.1")
    disk = boot_partition(tmp_path / "boot", {
        "grub/grub.cfg": CONFIG.format(timeout), "vmlinuz": kernel.image.read_bytes(),
        **{f"initrd-{name}": Initrd(name).build("gzip") for name in ("one", "two")}})
    return jump.boot("6.1", files=system("first").files, extra=nvme(disk))


def test_entry_is_edited_looked_at_and_started(tmp_path):
    with start(tmp_path, -1) as guest:
        line = SerialLine(guest, "vt100")
        line.wait(r"^> \* Linux one$")
        line.type(DOWN)
        line.wait("^>   Linux two$")
        line.type(UP + DOWN + "e")
        line.wait("^lab.entry=two quiet console=ttyS0 no_timer_check$")
        line.type(HOME + RIGHT * len("lab.entry=two") + " lab.typed=here" + DELETE * len(" quiet") + "\r")
        line.wait("^edited: lab.entry=two lab.typed=here console=ttyS0 no_timer_check$")
        line.type("p")
        line.wait("^cmdline +lab.entry=two lab.typed=here console=ttyS0 no_timer_check")
        line.type("q")
        line.wait("^>   Linux two$")
        line.type("\r")
        line.arrive("two", "lab.typed=here ")


def test_line_by_line(tmp_path):
    with start(tmp_path, -1) as guest:
        line = SerialLine(guest, "dumb")
        line.wait("^> $")
        line.type("e 2\n")
        line.wait("^new ")
        line.type("lab.entry=two lab.typed=here console=ttyS0 no_timer_check\n")
        line.wait("no_timer_check\n> $")
        line.type("p 2\n")
        line.wait("^cmdline +lab.entry=two lab.typed=here console=ttyS0 no_timer_check")
        line.type("2\n")
        line.arrive("two", "lab.typed=here ")
        assert "\033" not in line.said()


@pytest.mark.parametrize("term", ["vt100", "dumb"])
def test_default_is_started_when_nobody_types(tmp_path, term):
    with start(tmp_path, 4) as guest:
        line = SerialLine(guest, term)
        line.wait("^the default starts in [1-4] s; any key stops that$")
        line.arrive("one", "")
