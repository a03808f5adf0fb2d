# SPDX-License-Identifier: GPL-2.0-or-later
"""The kexec command under test, as files for a guest. It is never run on this machine."""

import json
import os
from pathlib import Path

from . import assets, initrd

GUEST_PATH = "/sbin/kexec"
BUILD = Path(os.environ.get("KEXEC_BUILD_DIR", Path(__file__).resolve().parents[3] / "build"))


def chosen():
    """KEXEC_TEST_BINARY: a path, or debian:SUITE for kexec-tools as a stand-in."""
    return os.environ.get("KEXEC_TEST_BINARY", str(BUILD.absolute() / "tools/kexec"))


def is_ours():
    return not chosen().startswith("debian:")


def folder_of(option):
    """Where the build installs what is of this kind, "libexecdir" or "datadir"; None where nothing was built."""
    about = BUILD / "meson-info/intro-buildoptions.json"
    if not about.exists():
        return None
    options = {option["name"]: option["value"] for option in json.loads(about.read_text(encoding="utf-8"))}
    return Path(options["prefix"]) / options[option] / "kexec"


def helpers():
    """The programs that it starts, where it looks for them."""
    folder = folder_of("libexecdir")
    if not folder:
        return {}
    found = {}
    for path in BUILD.absolute().glob("tools/kexec-*"):
        if path.is_file() and os.access(path, os.X_OK):
            found |= initrd.program(path, str(folder / path.name))
    return found


def files():
    if not is_ours():
        return initrd.kexec_tools(chosen().removeprefix("debian:"), GUEST_PATH)
    if not os.access(chosen(), os.X_OK):
        raise assets.AssetMissing(f"{chosen()} is not there; build it or set KEXEC_TEST_BINARY")
    return {**initrd.program(chosen(), GUEST_PATH), **helpers()}
