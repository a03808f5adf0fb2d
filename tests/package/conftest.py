# SPDX-License-Identifier: GPL-2.0-or-later
"""What is delivered: the library, the tarball, the packages."""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/vm"), str(ROOT / "tests/cli")]

from lab import guard  # noqa: E402
from lab.long import pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401

guard.protect_host()

BUILD = ROOT / os.environ.get("KEXEC_BUILD_DIR", "build")
GOLDEN = pathlib.Path(__file__).parent / "golden"
VERSION = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text()).group(1)


def run(*argv, **more):
    """The output of a command that must succeed."""
    done = subprocess.run([str(word) for word in argv], check=False, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, **more)
    assert done.returncode == 0, f"{argv}: exit status {done.returncode}\n{done.stdout[-8000:]}"
    return done.stdout


def tree(folder):
    """All files and links below a folder, by their absolute names there."""
    return sorted("/" + str(path.relative_to(folder)) for path in folder.rglob("*")
                  if path.is_symlink() or not path.is_dir())


def compare(name, lines):
    """With a file of golden/; KX_UPDATE_GOLDEN=1 writes it."""
    text, golden = "".join(f"{line}\n" for line in lines), GOLDEN / name
    if os.environ.get("KX_UPDATE_GOLDEN") == "1":
        golden.write_text(text)
    assert text.splitlines() == golden.read_text().splitlines()


@dataclasses.dataclass(frozen=True)
class Installed:
    """What `meson install` put below a folder."""

    root: pathlib.Path

    @property
    def library(self):
        return next(self.root.rglob("libkexec.so.0"))

    @property
    def include(self):
        return next(self.root.rglob("libkexec.h")).parent

    def pkg_config(self, *what):
        env = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(self.root),
                   PKG_CONFIG_PATH=str(self.library.parent / "pkgconfig"))
        return run("pkg-config", *what, "libkexec", env=env).split()


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("installed")
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    return Installed(root)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """The tarball, unpacked where no git is in reach."""
    folder = tmp_path_factory.mktemp("unpacked")
    tarball = ROOT / run(ROOT / "scripts/dist").split()[-1]
    run("tar", "--extract", "--file", tarball, "--directory", folder)
    return folder / f"kexec-next-{VERSION}"
