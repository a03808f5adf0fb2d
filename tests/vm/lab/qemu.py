# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU process: its serial ports, its monitor, and what became of it."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import firmware as firmwares
from .gdb import Gdb
from .processor import Processor

TIMEOUT = 120  # seconds of Qemu.clock() for any one thing to happen; a boot takes about five
PORTS = ("console", "agent")
# Processors in turn: side by side, now and then one executes an int3 that another one has just patched out, and Linux dies of it.
TCG = "tcg,thread=single,tb-size=256"


class GuestFailed(AssertionError):
    """The guest did something else than what was waited for."""


@dataclass
class Spec:
    """What machine to start; kernel and initrd are loaded by QEMU through the firmware. No kernel: from a disk."""

    kernel: Path | None
    initrd: bytes
    cmdline: str = "console=ttyS0"
    memory: str = "1G"
    cpus: int = 1
    machine: str = "pc"
    firmware: str = "seabios"
    # 6.12 and later panic now and then in QEMU 7.2's emulation of cmpxchg16b.
    cpu: str = "qemu64,-cx16"
    extra: list = field(default_factory=list)


class Qemu:
    """A running guest. Every wait ends at an event, at the guest's failure, or at a timeout."""

    def __init__(self, spec, echo=None):
        self.spec = spec
        self.folder = Path(tempfile.mkdtemp(prefix="kexec-lab-"))
        self.echo = echo
        self.text = {port: "" for port in PORTS}
        self.transcript = []
        self.events = []
        self.replies = []
        self.changed = threading.Condition()
        self.started = time.monotonic()
        self.processor = Processor()
        self.process = self._start()
        try:
            self.ports = {port: self._connect(port) for port in PORTS}
            self.monitor = self._connect("qmp")
            for port in PORTS:
                self._spawn(self._read_port, port)
            self._spawn(self._read_monitor)
            self.qmp("qmp_capabilities")
            self.qmp("cont")
        except BaseException:
            self.close()
            raise

    def _arguments(self):
        spec, folder = self.spec, self.folder
        direct = []
        if spec.kernel:
            (folder / "initrd").write_bytes(spec.initrd)
            direct = ["-kernel", str(spec.kernel), "-initrd", str(folder / "initrd"), "-append", spec.cmdline]
        smm = "on" if spec.firmware == "ovmf-secure" else "off"
        arguments = [
            # The guest must not outlive the test, whatever ends that.
            "taskset", "--cpu-list", str(self.processor.number), "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
            "-accel", TCG, "-machine", f"{spec.machine},smm={smm}",
            "-cpu", spec.cpu, "-smp", str(spec.cpus), "-m", spec.memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-vga", "std",
            # A reset through the firmware would look like a jump; it stops the guest instead.
            "-action", "reboot=shutdown,shutdown=pause,panic=none", "-S",
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
            "-gdb", f"unix:{folder}/gdb,server=on,wait=off",
        ]
        for port in PORTS:
            arguments += [
                "-chardev", f"socket,id={port},path={folder}/{port},server=on,wait=off",
                "-serial", f"chardev:{port}",
            ]
        return arguments + direct + firmwares.arguments(spec.firmware, folder) + spec.extra

    def _start(self):
        try:
            with open(self.folder / "qemu.log", "wb") as log:
                return subprocess.Popen(
                    self._arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        except BaseException:
            self.processor.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _connect(self, name):
        """Connect to one of QEMU's sockets, which appear a moment after its start."""
        deadline = time.monotonic() + 30
        while True:
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(self.folder / name))
                return channel
            except OSError:
                channel.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise GuestFailed(f"QEMU did not start: {self._log()}") from None
                time.sleep(0.01)  # no event tells that a socket has come to be

    def _log(self):
        return (self.folder / "qemu.log").read_text(encoding="utf-8", errors="replace").strip()

    @staticmethod
    def _spawn(function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _read_port(self, port):
        channel = self.ports[port]
        while True:
            try:
                data = channel.recv(65536)
            except OSError:
                data = b""
            text = data.decode("utf-8", errors="replace").replace("\r", "")
            with self.changed:
                self.text[port] += text
                if port == "console":
                    self.note("", text)
                self.changed.notify_all()
            if not data:
                return
            if self.echo and port == "console":
                self.echo(text)

    def _read_monitor(self):
        with self.monitor.makefile("r", encoding="utf-8") as lines:
            try:
                for line in lines:
                    message = json.loads(line)
                    with self.changed:
                        if "event" in message:
                            self.events.append(message)
                            self.note("qemu", f"{message['event']} {message.get('data', '')}\n")
                        elif "QMP" not in message:
                            self.replies.append(message)
                        self.changed.notify_all()
            except (OSError, ValueError):
                pass  # QEMU ended, or close() was called
        with self.changed:
            self.changed.notify_all()

    def note(self, prefix, text):
        """Add to the transcript that a failing test prints."""
        if not prefix:
            self.transcript.append(text)
            return
        stamp = time.monotonic() - self.started
        lines = text.rstrip("\n").split("\n")
        self.transcript.append("".join(f"\n<{stamp:7.2f} {prefix}> {line}" for line in lines) + "\n")

    def qmp(self, command, **arguments):
        """Run a monitor command and return what it returns."""
        message = {"execute": command, "arguments": arguments}
        with self.changed:
            self.replies.clear()
            self.monitor.sendall(json.dumps(message).encode() + b"\n")
            self.changed.wait_for(lambda: self.replies or self.process.poll() is not None, TIMEOUT)
            if not self.replies:
                raise GuestFailed(f"QEMU does not answer {command}: {self._log()}")
            reply = self.replies.pop(0)
        if "error" in reply:
            raise GuestFailed(f"QEMU: {command}: {reply['error']['desc']}")
        return reply["return"]

    def hmp(self, line):
        """Run a command of QEMU's human monitor, which must print nothing."""
        answer = self.qmp("human-monitor-command", **{"command-line": line})
        if answer.strip():
            raise GuestFailed(f"QEMU: {line}: {answer.strip()}")

    def send(self, port, text):
        self.ports[port].sendall(text.encode())

    def ended(self):
        """Why the guest no longer runs, or None."""
        for event in self.events:
            if event["event"] == "SHUTDOWN":
                return event["data"]["reason"]
        return "qemu-exited" if self.process.poll() is not None else None

    def clock(self):
        """Seconds, without those in which the guest wanted to run and the host had no processor for it.

        The second word of a thread's schedstat is what it so waited, in nanoseconds (Linux
        Documentation/scheduler/sched-stats.rst).
        """
        starved = 0
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            try:
                starved = max(starved, int(thread.read_text(encoding="ascii").split()[1]))
            except OSError:
                pass  # the thread has ended
        return time.monotonic() - starved / 1e9

    def wait_for(self, what, predicate, timeout=TIMEOUT, may_end=False, idle=None):
        """Wait until predicate() is true; fail when the guest ends or time runs out first.

        What takes its time, and says on the console that it goes on, hangs when it says nothing for idle seconds.
        """
        deadline = self.clock() + timeout
        said, heard = 0, self.clock()
        with self.changed:
            while not (result := predicate()):
                if self.ended() and not may_end:
                    # What the guest said before may still be on its way, by another thread.
                    if self.changed.wait(1.0):
                        continue
                    raise GuestFailed(f"guest ended ({self.ended()}) before {what}")
                if "end Kernel panic" in self.text["console"]:
                    raise GuestFailed(f"kernel panic before {what}")
                # QEMU's own end makes no event, hence the short turns.
                self.changed.wait(1.0)
                now = self.clock()
                if len(self.text["console"]) > said:
                    said, heard = len(self.text["console"]), now
                if now >= deadline:
                    raise GuestFailed(f"no {what} within {timeout} s")
                if idle and now >= heard + idle:
                    raise GuestFailed(f"no {what}, and not a word on the console for {idle} s")
            return result

    def wait_console(self, text, since=0, timeout=TIMEOUT, may_end=False, idle=None):
        """Wait until the console shows text after the position since; return the end of it."""
        def found():
            at = self.text["console"].find(text, since)
            return at + len(text) if at >= 0 else 0

        return self.wait_for(f"{text!r} on the console", found, timeout, may_end, idle)

    def wait_reset(self, timeout=TIMEOUT, idle=None):
        """Wait until the guest resets the machine, and see that this is what ended it."""
        reason = self.wait_for("the guest's reset", self.ended, timeout, may_end=True, idle=idle)
        if reason != "guest-reset":
            raise GuestFailed(f"guest ended by {reason}, expected a reset")

    def revive(self):
        """Reset a machine that ended in wait_reset(), without running it."""
        self.qmp("set-action", reboot="reset")
        with self.changed:
            self.events.clear()
        self.qmp("system_reset")
        self.wait_for("reset", lambda: any(e["event"] == "RESET" for e in self.events))
        self.qmp("set-action", reboot="shutdown")

    def gdb(self):
        return Gdb(self.folder / "gdb", TIMEOUT)

    def log(self):
        return "".join(self.transcript)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.processor.close()
        for channel in [*getattr(self, "ports", {}).values(), getattr(self, "monitor", None)]:
            if channel:
                channel.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind:
            command = " ".join(map(str, self.process.args))
            print(f"--- {command}\n{self.log()}\n--- end of the guest's log", file=sys.stdout)
