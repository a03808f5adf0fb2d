# SPDX-License-Identifier: GPL-2.0-or-later
"""python3 -m lab.crash_figures, in tests/vm: ours beside kexec-tools', as rows for docs/crash.md.

One processor whose instructions take a nanosecond each (-icount), so that the host's load changes
nothing; what waits, waits no time.
"""

import os
import re

from . import crash, guard
from .initrd import Initrd

TOOLS = {"ours": None, "kexec-tools 2.0.25": "debian:bookworm", "kexec-tools 2.0.32": "debian:sid"}


def ticks(text):
    return int(re.findall(r"tick (\d+)", text)[-1])


def measure(name, call):
    """Instructions of the load and from the panic to init, and the capture system's memory in MiB."""
    tick = {"/bin/tick": crash.built("tick")}
    # The same for all, so without vmcore-dmesg.
    with crash.boot(name, crashkernel="192M", files=tick, initrd=Initrd(crash.CAPTURE, tick, random=3000),
                    extra=["-icount", "shift=0,sleep=off"]) as guest:
        before = ticks(guest.ok("tick"))
        crash.load(guest, call)
        loaded = ticks(guest.ok("tick"))
        guest.start("tick >/dev/console; echo c >/proc/sysrq-trigger")
        guest.wait_up(crash.CAPTURE)
        ready = ticks(guest.ok("tick"))
        panic = ticks(guest.text["console"])
        info = dict(line.split(":") for line in guest.ok("cat /proc/meminfo").splitlines())
        memory = [int(info[word].split()[0]) / 1024 for word in ("MemAvailable", "MemTotal")]
        return loaded - before, ready - panic, *memory


def main():
    guard.protect_host()
    print("| kernel | call | command | load | panic to init | memory available, of |\n|---|---|---|---|---|---|")
    for name in ("6.1", "6.12", "7.x"):
        for call in ("-c", "-s"):
            for tool, binary in TOOLS.items():
                os.environ.pop("KEXEC_TEST_BINARY", None)
                if binary:
                    os.environ["KEXEC_TEST_BINARY"] = binary
                load, start, free, total = measure(name, call)
                print(f"| {name} | {call} | {tool} | {load / 1e9:.2f} | {start / 1e9:.2f} | "
                      f"{free:.0f} of {total:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
