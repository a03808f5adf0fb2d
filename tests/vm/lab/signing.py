# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels signed with the snakeoil key that OVMF's test variables trust."""

import subprocess
import tempfile
from pathlib import Path

from .assets import AssetMissing

KEYS = Path("/usr/share/ovmf")
PASSPHRASE = "snakeoil"  # as /usr/share/doc/ovmf/README.Debian says


def _run(*argv):
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{argv[0]}: {done.stderr.strip()}")


def unsigned(image):
    """The bytes of a kernel without any signature."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "kernel")
        copy.write_bytes(image.read_bytes())
        _run("sbattach", "--remove", str(copy))
        return copy.read_bytes()


def signed(data):
    """The bytes of a PE file, signed with OVMF's snakeoil key."""
    if not (KEYS / "PkKek-1-snakeoil.key").exists():
        raise AssetMissing(f"{KEYS}/PkKek-1-snakeoil.key is not there, install the package ovmf")
    with tempfile.TemporaryDirectory() as folder:
        plain, key, out = (Path(folder, name) for name in ("plain", "key", "signed"))
        plain.write_bytes(data)
        _run("openssl", "pkey", "-in", str(KEYS / "PkKek-1-snakeoil.key"), "-passin",
             f"pass:{PASSPHRASE}", "-out", str(key))
        _run("sbsign", "--key", str(key), "--cert", str(KEYS / "PkKek-1-snakeoil.pem"),
             "--output", str(out), str(plain))
        return out.read_bytes()


def resigned(image):
    """The bytes of a kernel with OVMF's snakeoil signature in the place of its own."""
    return signed(unsigned(image))
