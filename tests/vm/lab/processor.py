# SPDX-License-Identifier: GPL-2.0-or-later
"""
A processor of the host for each guest: all of QEMU's threads run there, in turn.

TCG of QEMU 7.2 leaves memory barriers out where processors take turns (tcg_gen_mb() in tcg/tcg-op.c). QEMU's own thread reads the queues of
NVMe and virtio devices meanwhile, so that on another processor it now and then misses the last request, and the guest waits for ever.
"""

import fcntl
import os
import random
import tempfile
from pathlib import Path


class Processor:
    """The number of a processor that no other guest has; of any, where each has one."""

    def __init__(self):
        numbers = sorted(os.sched_getaffinity(0))
        random.shuffle(numbers)
        for self.number in numbers:
            # One user's files, kept from one run to the next: what is locked must not be replaced.
            self.file = open(Path(tempfile.gettempdir()) / f"kexec-lab-{os.getuid()}-processor-{self.number}", "ab")
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                self.file.close()

    def close(self):
        self.file.close()
