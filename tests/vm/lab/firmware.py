# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the distributions keep OVMF, and the arguments that QEMU needs for it."""

import subprocess
from pathlib import Path

from .assets import AssetMissing

FOLDER = Path("/usr/share/OVMF")

# name: (code, variables, extra QEMU arguments); code that enforces Secure Boot needs SMM.
SMM = ["-global", "driver=cfi.pflash01,property=secure,value=on"]
VARIANTS = {
    "ovmf": ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", []),
    "ovmf-secure": ("OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.snakeoil.fd", SMM),
}


def arguments(name, folder):
    """QEMU arguments for a firmware; the guest gets variables of its own, kept in folder."""
    if name == "seabios":
        return []
    code, variables, extra = VARIANTS[name]
    for file in (code, variables):
        if not (FOLDER / file).exists():
            raise AssetMissing(f"{FOLDER / file} is not there, install the package ovmf")
    # qcow2, since QEMU makes snapshots of guests only when all that they write to can be part of it.
    own = folder / "variables.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", FOLDER / variables, own], check=True)
    return [
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={FOLDER / code}",
        "-drive", f"if=pflash,unit=1,format=qcow2,file={own}",
        *extra,
    ]
