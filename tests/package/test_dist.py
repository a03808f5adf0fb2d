# SPDX-License-Identifier: GPL-2.0-or-later
"""The tarball builds without git, and every recipe for a package takes what `make install` installs."""

import json
import os
import re
import shutil

import pytest

from conftest import ROOT, VERSION, compare, run, tree

# The recipe, the shell that reads it, and whether its functions begin in the source's folder.
RECIPES = {"alpine": ("APKBUILD", "sh", True), "arch": ("PKGBUILD", "bash", False)}

# Runs build() and package() of a recipe, with a make that only says what it is asked. Neither abuild nor makepkg is at hand.
RECIPE = """
make() { echo "make: $*"; }
pkgdir=/the/package
. "$1"
(build)
(package)
"""


@pytest.fixture(scope="session")
def built(unpacked, tmp_path_factory):
    """The tarball's files after ./configure, make and make install; git and all that stands around are out of reach."""
    root = tmp_path_factory.mktemp("root")
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CEILING_DIRECTORIES": "/", "LC_ALL": "C"}
    run("./configure", "--prefix=/usr", "--libdir=lib", "--without-tests", cwd=unpacked, env=environment)
    run("make", cwd=unpacked, env=environment)
    run("make", "install", f"DESTDIR={root}", cwd=unpacked, env=environment)
    return root


def test_installed_files(built):
    """With KX_UPDATE_GOLDEN=1: read the difference, and see to contrib/debian/*.install and contrib/rpm too."""
    compare("installed.txt", tree(built))


def test_command_and_library_work(built):
    assert run(built / "usr/sbin/kexec", "--version") == f"kexec-next {VERSION}\n"
    assert "SONAME" in run("readelf", "-d", built / "usr/lib/libkexec.so")


def test_tarball_is_what_is_known(unpacked, built):
    """Nothing but the project's files, and the same bytes each time, from git as from a tarball."""
    names = {name.removeprefix("/") for name in tree(unpacked) if not name.startswith("/build")}
    listed = run("git", "-c", f"safe.directory={ROOT}", "ls-files", cwd=ROOT).splitlines()
    assert names == set(listed)
    mine = (ROOT / run(ROOT / "scripts/dist").split()[-1]).read_bytes()
    assert (unpacked / run("scripts/dist", cwd=unpacked).split()[-1]).read_bytes() == mine


def test_one_version():
    """What is written down in several places."""
    for path, pattern in (
        ("contrib/debian/changelog", r"^kexec-next \(([\d.]+)-"), ("contrib/rpm/kexec-next.spec", r"^Version: *([\d.]+)"),
        ("contrib/alpine/APKBUILD", r"^pkgver=([\d.]+)"), ("contrib/arch/PKGBUILD", r"^pkgver=([\d.]+)"),
        ("CHANGELOG.md", r"^## ([\d.]+)"),
    ):
        assert re.search(pattern, (ROOT / path).read_text(), re.M).group(1) == VERSION, path


def test_rpm(unpacked, tmp_path):
    """rpmbuild fails on a file that is installed and in no package, and on one that is in a package and not installed."""
    (tmp_path / "SOURCES").mkdir()
    shutil.copy(ROOT / f"build-dist/kexec-next-{VERSION}.tar.xz", tmp_path / "SOURCES")
    run("rpmbuild", "-bb", "--nodeps", "--define", f"_topdir {tmp_path}", "--define", "debug_package %{nil}",
        ROOT / "contrib/rpm/kexec-next.spec")
    packages = {run("rpm", "-qp", "--queryformat", "%{NAME}", package) for package in tmp_path.rglob("*.rpm")}
    assert packages == {"kexec-next", "libkexec", "libkexec-devel"}


@pytest.mark.parametrize("name", RECIPES)
def test_recipe(name, unpacked, tmp_path):
    """It configures, and `make install` puts into the package what is known to be installed."""
    recipe, shell, inside = RECIPES[name]
    path = ROOT / "contrib" / name / recipe
    run(shell, "-n", path)
    run("shellcheck", "--shell", shell, "--exclude", "SC2034,SC2154,SC2164", path)  # both stop at the first error
    source = tmp_path / f"kexec-next-{VERSION}"
    shutil.copytree(unpacked, source, symlinks=True, ignore=shutil.ignore_patterns("build*"))
    said = run(shell, "-euc", RECIPE, shell, path, cwd=source if inside else tmp_path)
    assert [line for line in said.splitlines() if line.startswith("make:")] == ["make: ", "make: install DESTDIR=/the/package"]
    installed = json.loads(run("meson", "introspect", "--installed", source / "build"))
    known = (ROOT / "tests/package/golden/installed.txt").read_text().split()
    where = {"arch": {"/usr/sbin": "/usr/bin", "/usr/libexec/kexec": "/usr/lib/kexec"}}.get(name, {})
    wanted = {where.get(os.path.dirname(path), os.path.dirname(path)) + "/" + os.path.basename(path) for path in known}
    if name == "alpine":
        wanted = {path for path in wanted if "/systemd/" not in path} | {"/etc/init.d/kexec-jump", "/etc/init.d/kexec-load"}
    wanted.remove("/etc/kexec.conf")  # a script puts it there
    assert set(installed.values()) == wanted
