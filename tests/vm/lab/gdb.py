# SPDX-License-Identifier: GPL-2.0-or-later
"""A client for QEMU's gdbstub: guest physical memory, breakpoints and continue, no more.

The protocol is in "Debugging with GDB", appendix "Remote Serial Protocol".
"""

import socket

CHUNK = 1024  # bytes of memory moved by one packet


class GdbError(Exception):
    """The stub refused or broke off."""


class Gdb:
    """Attaching stops the guest; closing the connection lets it run on."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.buffer = b""
        # The stop that attaching causes may be reported before the answer.
        answer = self._ask("qSupported")
        while not answer.startswith("PacketSize"):
            answer = self._receive()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _send(self, payload):
        checksum = sum(payload.encode()) & 0xFF
        self.socket.sendall(f"${payload}#{checksum:02x}".encode())

    def _receive(self):
        while True:
            start = self.buffer.find(b"$")
            end = self.buffer.find(b"#", start)
            if start >= 0 and end >= 0 and len(self.buffer) >= end + 3:
                payload = self.buffer[start + 1:end].decode()
                self.buffer = self.buffer[end + 3:]
                self.socket.sendall(b"+")
                return payload
            data = self.socket.recv(65536)
            if not data:
                raise GdbError("gdbstub closed the connection")
            self.buffer += data

    def _ask(self, payload):
        self._send(payload)
        return self._receive()

    def _demand(self, payload):
        answer = self._ask(payload)
        if answer != "OK":
            raise GdbError(f"gdbstub: {payload[:40]}: answered {answer!r}, expected OK")

    def physical(self):
        """Make memory reads and writes take guest physical addresses."""
        self._demand("Qqemu.PhyMemMode:1")

    def read(self, address, length):
        data = b""
        while len(data) < length:
            size = min(CHUNK, length - len(data))
            answer = self._ask(f"m{address + len(data):x},{size:x}")
            if answer.startswith("E"):
                raise GdbError(f"cannot read guest memory at {address + len(data):#x}")
            data += bytes.fromhex(answer)
        return data

    def write(self, address, data):
        for offset in range(0, len(data), CHUNK):
            chunk = data[offset:offset + CHUNK]
            self._demand(f"M{address + offset:x},{len(chunk):x}:{chunk.hex()}")

    def registers(self):
        """The sixteen general registers and rip, in gdb's amd64 order."""
        raw = bytes.fromhex(self._ask("g")[:17 * 16])
        names = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()
        return {n: int.from_bytes(raw[i * 8:i * 8 + 8], "little") for i, n in enumerate(names)}

    def break_at(self, address):
        self._demand(f"Z1,{address:x},1")

    def clear_break(self, address):
        self._demand(f"z1,{address:x},1")

    def resume(self):
        self._send("c")

    def interrupt(self):
        """Stop a guest that runs; wait_for_stop() must follow."""
        self.socket.sendall(b"\x03")

    def wait_for_stop(self):
        """Wait for the stop reply that ends a resume(): breakpoint, interrupt or shutdown."""
        answer = self._receive()
        if answer[0] not in "ST":
            raise GdbError(f"guest ended instead of stopping: {answer}")
