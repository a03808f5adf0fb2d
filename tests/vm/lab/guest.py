# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with the lab's agent in it: run commands there, jump, and ask for facts."""

import base64
import re
from dataclasses import dataclass

from .qemu import TIMEOUT, GuestFailed, Qemu


@dataclass
class Result:
    """What a command in the guest came to."""

    status: int
    out: str
    err: str


# One file or command for each fact about the kernel that runs.
FACTS = {
    "release": "uname -r",
    "cmdline": "cat /proc/cmdline",
    "random": "cat /lab/random/* | sha256sum | cut -d' ' -f1",
    "nproc": "nproc",
    "firmware_map": "cd /sys/firmware/memmap && for e in $(ls | sort -n); do "
    "echo $(cat $e/start) $(cat $e/end) $(cat $e/type); done",
    "iomem": "cat /proc/iomem",
    "efi": "cd /sys/firmware/efi 2>/dev/null && for f in systab fw_vendor runtime config_table "
    "fw_platform_size; do [ ! -e $f ] || echo $f: $(cat $f); done",
    "efi_runtime_map": "cd /sys/firmware/efi/runtime-map 2>/dev/null && for e in $(ls | sort -n); "
    "do echo $(cat $e/type) $(cat $e/phys_addr) $(cat $e/virt_addr) $(cat $e/num_pages) "
    "$(cat $e/attribute); done",
    "acpi": "cd /sys/firmware/acpi/tables && for t in $(ls); do [ ! -f $t ] || sha256sum $t; done",
    "boot_params": "hexdump -v -e '1/1 \"%02x\"' /sys/kernel/boot_params/data",
    "setup_data": "cd /sys/kernel/boot_params/setup_data 2>/dev/null && for e in $(ls | sort -n); "
    "do echo $(cat $e/type) $(wc -c <$e/data); done",
    "dmesg": "dmesg",
}


class Guest(Qemu):
    """Commands travel as one line of base64, so that nothing in them needs quoting."""

    def __init__(self, spec, echo=None):
        super().__init__(spec, echo)
        self.serial = 0
        self.heard = 0  # how much of the agent's text has been dealt with

    def _agent(self, what, pattern, timeout):
        """Wait for a pattern in what the agent has said since the last answer."""
        expression = re.compile(pattern, re.S)

        def found():
            return expression.search(self.text["agent"], self.heard)

        match = self.wait_for(what, found, timeout)
        self.heard = match.end()
        return match

    def wait_up(self, name, timeout=TIMEOUT):
        """Wait until the /init of the initrd called name says hello."""
        said = self._agent(f"hello of {name!r}", r"@@hello (\S+)\n", timeout).group(1)
        self.note("lab", f"hello from {said}")
        if said != name:
            raise GuestFailed(f"the initrd {said!r} came up, expected {name!r}")

    def start(self, command):
        """Start a command in the guest without waiting for its end."""
        self.serial += 1
        self.note("run", command)
        encoded = base64.b64encode(command.encode()).decode()
        self.send("agent", f"{self.serial} {encoded}\n")

    def finish(self, timeout=TIMEOUT):
        """Wait for the end of the command that was started last."""
        number = self.serial
        match = self._agent(
            f"end of command {number}",
            rf"@@out {number} (\d+)\n(.*?)@@err\n(.*?)@@end {number}\n",
            timeout,
        )
        out, err = (
            base64.b64decode(match.group(i)).decode("utf-8", errors="replace") for i in (2, 3)
        )
        result = Result(int(match.group(1)), out, err)
        self.note("out", f"status {result.status}\n{out[:2000]}{err[:2000]}")
        return result

    def run(self, command, timeout=TIMEOUT):
        self.start(command)
        return self.finish(timeout)

    def ok(self, command, timeout=TIMEOUT):
        """Run a command that must succeed; return what it printed."""
        result = self.run(command, timeout)
        if result.status:
            raise GuestFailed(f"{command}: exit status {result.status}: {result.err.strip()}")
        return result.out

    def jump(self, name, command="kexec --exec", timeout=TIMEOUT):
        """Run the command that starts the loaded kernel and wait for its initrd's hello."""
        self.start(command)
        self.arrive(name, command, timeout)

    def arrive(self, name, command, timeout=TIMEOUT):
        """Wait for the jump that a command which was started makes, sooner or later."""
        # A command that fails says why, and nothing else would happen; 1 is a warning.
        ends = rf"(?=@@hello )|@@out {self.serial} (?![01]\n)\d+\n(.*?)@@err\n(.*?)@@end {self.serial}\n"
        failed = self._agent(f"jump to {name!r}", ends, timeout)
        if failed.group():
            said = "".join(base64.b64decode(part).decode("utf-8", errors="replace") for part in failed.groups())
            raise GuestFailed(f"{command}: {said.strip()}")
        self.wait_up(name, timeout)

    def facts(self, *names):
        """Facts about the running kernel, by the names in FACTS, gathered in one turn."""
        script = "".join(f"echo '@@{n}'; ({FACTS[n]}); echo; " for n in names)
        parts = re.split(r"^@@(\w+)\n", self.run(script).out, flags=re.M)[1:]
        return {n: text.strip() for n, text in zip(parts[::2], parts[1::2])}
