# SPDX-License-Identifier: GPL-2.0-or-later
"""What most tests share: a first guest that carries the command and the second kernel."""

from . import assets, tool
from .guest import Guest
from .initrd import Initrd
from .qemu import Spec

CMDLINE = "BOOT_IMAGE=/boot/vmlinuz console=ttyS0 lab.word=one"
# A kernel gives its timer 40 ms to tick, and panics. On a busy host an emulated one may not get to it.
STEADY = "no_timer_check"


def carried(kernel, initrd=None, compression="gzip"):
    """A kernel, and an initrd for it, as files in the /boot of a guest's own initrd."""
    files = {f"/boot/vmlinuz-{kernel.release}": kernel.image}
    if initrd:
        files[f"/boot/initrd.img-{kernel.release}"] = initrd.build(compression)
    return files


def boot(name="6.1", files=None, modules=(), cmdline=CMDLINE, image=None, **spec):
    """Boot the kernel called name into a guest whose initrd carries kexec and these files."""
    kernel = assets.kernel(name)
    first = Initrd(
        "first",
        files={**tool.files(), **(files or {})},
        modules=[kernel.module(module) for module in modules],
    )
    guest = Guest(Spec(image or kernel.image, first.build(), cmdline=f"{cmdline} {STEADY}", **spec))
    try:
        guest.wait_up("first")
    except BaseException as error:
        guest.__exit__(type(error))
        raise
    return guest


def reused(cmdline):
    """The command line that --reuse-cmdline makes of one that a kernel was booted with."""
    return " ".join(word for word in cmdline.split() if not word.startswith("BOOT_IMAGE="))
