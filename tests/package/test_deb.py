# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's packages: what is in them, and that they take kexec-tools' place."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from lab import assets

from conftest import ROOT, compare, run

PACKAGES = ("kexec-next", "libkexec-dev", "libkexec0")

# What the machine's own kernel could be reached through is not there: no CAP_SYS_BOOT, no /sys, of /proc the processes alone.
CHROOT = """
mount -t proc -o subset=pid proc "$1/proc"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$@"
"""


@pytest.fixture(scope="session")
def debs():
    run(ROOT / "scripts/deb", env=dict(os.environ, YES="1"))
    found = {path.name.split("_")[0]: path for path in (ROOT / "build-deb").glob("*.deb")}
    assert set(PACKAGES) <= set(found)
    return {name: found[name] for name in PACKAGES}


def test_files(debs):
    lines = []
    for name, deb in debs.items():
        for line in run("dpkg-deb", "--contents", deb).splitlines():
            mode, owner, *_, path = line.split(None, 5)
            if not mode.startswith("d"):
                lines.append(f"{name}: {mode} {owner} {path.removeprefix('.')}")
    compare("debs.txt", sorted(lines))


def test_fields(debs):
    assert run("dpkg-deb", "--field", debs["kexec-next"], "Provides") == "kexec-tools (= 1:2.0.32)\n"
    assert run("dpkg-deb", "--field", debs["kexec-next"], "Replaces") == "kexec-tools\n"
    assert "kexec-tools" in run("dpkg-deb", "--field", debs["kexec-next"], "Conflicts").strip().split(", ")


def test_lintian(debs):
    changes = next((ROOT / "build-deb").glob("*.changes"))
    run("lintian", "--allow-root", "--fail-on", "error,warning", changes)


# In the place of deb-systemd-helper(1p), on a system that never had the package: a unit that is not known counts as enabled.
HELPER = """#!/bin/sh
echo "$@" >>"$LOG"
[ "$1" != debian-installed ]
"""


def test_installing_starts_nothing(debs, tmp_path):
    """A reboot is made a kexec by whoever enables kexec-reboot.service, whichever debhelper has made the package."""
    control, helpers, log = tmp_path / "control", tmp_path / "bin", tmp_path / "log"
    run("dpkg-deb", "--control", debs["kexec-next"], control)
    scripts = [path for path in control.iterdir() if path.name in ("preinst", "postinst", "prerm", "postrm")]
    # It would not be stopped at the next reboot, either, if an upgrade had done so.
    assert not [path.name for path in scripts if "deb-systemd-invoke" in path.read_text()]
    helpers.mkdir()
    for name, text in {"deb-systemd-helper": HELPER, "dpkg-divert": "#!/bin/sh\n"}.items():
        (helpers / name).write_text(text)
        (helpers / name).chmod(0o755)
    log.touch()
    run(control / "postinst", "configure", "", env=dict(os.environ, PATH=f"{helpers}:{os.environ['PATH']}", LOG=str(log)))
    assert not re.search("^enable", log.read_text(), re.M)


class Debian:
    """A system from nothing in a folder, in which no program may start a kernel or a service."""

    def __init__(self, root, suite):
        self.root = root
        run("debootstrap", "--variant=minbase", suite, root, assets.mirror())
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        policy = root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def __call__(self, *argv):
        return run("setpriv", "--bounding-set", "-sys_boot", "unshare", "--mount", "--pid", "--ipc", "--uts", "--fork",
                   "sh", "-euc", CHROOT, "sh", self.root, *argv)

    def install(self, *packages):
        return self("apt-get", "-q", "-y", "install", "--no-install-recommends", *packages)

    def installed(self):
        """Which of the three packages are there, with a mark at one that is not all right."""
        listed = self("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", "kdump-tools", "kexec-*").splitlines()
        states = dict(line.split() for line in listed)
        return {name if state == "installed" else f"{name}: {state}" for name, state in states.items()
                if state not in ("config-files", "not-installed")}

    def lost(self, package):
        """Files of a package that are not there."""
        return [name for name in self("dpkg", "-L", package).split("\n")
                if name.startswith("/") and name != "/." and not (self.root / name[1:]).exists()
                and not (self.root / name[1:]).is_symlink()]


@pytest.fixture
def debian(request, debs):
    if os.getuid() != 0:
        pytest.skip("needs root for a chroot")
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="kexec-package-") as folder:
        system = Debian(Path(folder), request.param)
        for deb in debs.values():
            shutil.copy(deb, system.root / "root")
        system("apt-get", "-q", "update")
        system.install("kdump-tools")
        assert system.installed() == {"kdump-tools", "kexec-tools"}
        yield system


@pytest.mark.long
@pytest.mark.parametrize("debian", ("bookworm", "trixie"), indirect=True)
def test_replaces_kexec_tools(debian, debs):
    """There and back, by apt and by dpkg, beside kdump-tools; each time all files are there."""
    ours = f"/root/{debs['kexec-next'].name}"
    debian.install(ours)
    for again in (False, True):
        assert debian.installed() == {"kdump-tools", "kexec-next"}
        assert debian.lost("kexec-next") == []
        assert "sbin" not in debian("dpkg-divert", "--list")
        assert debian("kexec", "--version").startswith("kexec-next ")
        assert "--reuse-cmdline" in debian("kexec", "--help")
        assert "usage" in debian("coldreboot", "--help") + debian("vmcore-dmesg", "--help")
        assert not [path for path in (debian.root / "etc/init.d").glob("kexec*") if os.access(path, os.X_OK)]
        debian("apt-get", "-q", "check")
        if not again:
            debian.install("kexec-tools")
            assert debian.installed() == {"kdump-tools", "kexec-tools"}
            assert debian.lost("kexec-tools") == []
            debian("dpkg", "--install", "--auto-deconfigure", ours)
    debian.install(*(f"/root/{debs[name].name}" for name in ("libkexec0", "libkexec-dev")))
    debian("apt-get", "-q", "-y", "purge", "kdump-tools", "kexec-tools", "kexec-next", "libkexec0")
    assert not list((debian.root / "usr/sbin").glob("kexec*"))
