# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels and other files from Debian packages, fetched through one private apt directory.

Nothing is installed: packages are downloaded, verified by apt against debian-archive-keyring, and
unpacked below the cache directory. Versions are whatever the suites hold.
"""

import fcntl
import functools
import lzma
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUITES = ("bullseye", "bookworm", "trixie", "sid")
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
LISTS_MAX_AGE = 24 * 3600  # seconds between two looks for newer packages


class AssetMissing(Exception):
    """A package that a test needs is not to be had; the message says which and why."""


def cache_dir():
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kexec-next"
    path = Path(os.environ.get("KEXEC_TEST_CACHE", default)).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def locked(name):
    """Hold an exclusive lock between processes, so that two workers fetch nothing twice."""
    with open(cache_dir() / f".{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def mirror():
    """The Debian mirror of this machine's own apt configuration."""
    named = os.environ.get("KEXEC_DEBIAN_MIRROR")
    if named:
        return named.rstrip("/")
    lines = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Origin: Debian",
         "Label: Debian"],
        check=False, capture_output=True, text=True,
    ).stdout.split("\n")
    sites = [line.split()[0] for line in lines if line.strip()]
    if not sites:
        raise AssetMissing(
            "apt on this machine knows no Debian mirror; set KEXEC_DEBIAN_MIRROR to one"
        )
    return sites[0]


class PrivateApt:
    """apt with its own sources, lists, cache and state, and the machine's proxy settings."""

    def __init__(self, root, suites=SUITES, components="main"):
        self.root, self.suites, self.components = root, suites, components
        for sub in ("lists/partial", "cache/archives/partial", "debs"):
            (root / sub).mkdir(parents=True, exist_ok=True)
        (root / "status").touch()
        # Given as options, since these alone come after the machine's own apt.conf.d.
        settings = {
            "Dir::State": root,
            "Dir::State::lists": root / "lists",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
            "Dir::Etc::sourcelist": root / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "Acquire::Languages": "none",
            # sid has no fixed release date: a mirror may carry a list past its date.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Retries": "3",
            "APT::Sandbox::User": "root",
        }
        self.options = [f"-o{key}={value}" for key, value in settings.items()]

    def _run(self, program, *argv, cwd=None):
        return subprocess.run(
            [program, *self.options, *argv], check=False, capture_output=True, text=True,
            env=dict(os.environ, LC_ALL="C"), cwd=cwd,
        )

    def _write_sources(self):
        keyring = next((k for k in KEYRINGS if os.path.exists(k)), None)
        if not keyring:
            raise AssetMissing("debian-archive-keyring is not installed")
        site = mirror()
        text = "".join(f"deb [signed-by={keyring}] {site} {s} {self.components}\n" for s in self.suites)
        (self.root / "sources.list").write_text(text, encoding="ascii")

    def update(self):
        """Fetch the package lists, unless that was done lately."""
        stamp = self.root / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE:
            return
        self._write_sources()
        done = self._run("apt-get", "-q", "update")
        have_lists = any((self.root / "lists").glob("*_Packages*"))
        if not have_lists:
            raise AssetMissing(f"apt-get update: {done.stderr.strip() or done.stdout.strip()}")
        shutil.rmtree(self.root / "known", ignore_errors=True)
        stamp.touch()

    def about(self, suite, package):
        """(version, names it depends on, first alternatives only) of a package in one suite.

        apt takes a while to open its cache, so answers are kept until the next update().
        """
        kept = self.root / "known" / suite / package
        try:
            version, *depends = kept.read_text(encoding="ascii").split()
        except FileNotFoundError:
            version = self._version(suite, package)
            depends = self._depends(f"{package}={version}")
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_name(f"{package}.{os.getpid()}")
            partial.write_text(" ".join([version, *depends]), encoding="ascii")
            partial.rename(kept)
        return version, depends

    def _version(self, suite, package):
        for line in self._run("apt-cache", "madison", package).stdout.splitlines():
            fields = [field.strip() for field in line.split("|")]
            if len(fields) == 3 and f" {suite}/" in fields[2]:
                return fields[1]
        raise AssetMissing(f"package {package} is not in {suite}")

    def _depends(self, package):
        names = []
        for line in self._run("apt-cache", "show", package).stdout.splitlines():
            if line.startswith(("Depends:", "Pre-Depends:")):
                for clause in line.split(":", 1)[1].split(","):
                    names.append(re.match(r"\s*([^\s(|:]+)", clause).group(1))
        return names

    def download(self, suite, package):
        """The path of the .deb of a package, downloaded if it is not there yet."""
        version, _ = self.about(suite, package)
        name = f"{package}_{version.replace(':', '%3a')}_"
        debs = self.root / "debs"
        found = sorted(debs.glob(name + "*.deb"))
        if not found:
            done = self._run("apt-get", "-q", "download", f"{package}={version}", cwd=debs)
            found = sorted(debs.glob(name + "*.deb"))
            if not found:
                raise AssetMissing(f"apt-get download {package}={version}: {done.stderr.strip()}")
        return found[0]


@functools.lru_cache(maxsize=None)
def _apt():
    apt = PrivateApt(cache_dir() / "apt")
    with locked("apt"):
        apt.update()
    return apt


def unpack(suite, package, members=()):
    """Unpack a package, or only the members matching tar patterns; returns the directory."""
    apt = _apt()
    with locked("apt"):
        deb = apt.download(suite, package)
        into = cache_dir() / "unpacked" / suite / deb.stem
        if into.exists():
            return into
        partial = into.with_name(into.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE
        ) as stream:
            tar = ["tar", "-x", "-C", str(partial), "--no-same-owner"]
            if members:
                tar += ["--wildcards", *members]
            result = subprocess.run(tar, stdin=stream.stdout, check=False, capture_output=True)
        # A pattern that matches nothing is an error to tar; what is missing shows on use.
        if stream.returncode or not any(partial.iterdir()):
            raise AssetMissing(f"cannot unpack {deb.name}: {result.stderr.decode().strip()}")
        for old in into.parent.glob(package + "_*"):
            if not old.name.endswith(".partial"):
                shutil.rmtree(old)
        partial.rename(into)
        return into


@dataclass(frozen=True)
class Kernel:
    """One Debian kernel: its release as uname -r prints it, its image and its modules."""

    name: str
    release: str
    image: Path
    modules: Path

    def module(self, name):
        """The bytes of one module, decompressed."""
        found = sorted(self.modules.rglob(f"{name}.ko*"))
        data = found[0].read_bytes() if found else self._packed(f"*/{name}.ko*")
        if not data:
            raise AssetMissing(f"kernel {self.release} has no module {name}")
        return lzma.decompress(data) if data.startswith(b"\xfd7zXZ") else data

    def _packed(self, member):
        """The bytes of a file of the modules' package that was not unpacked with KERNEL_MEMBERS."""
        deb = cache_dir() / "apt" / "debs" / f"{self.modules.name}.deb"
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as stream:
            return subprocess.run(["tar", "-xO", "--wildcards", member], stdin=stream.stdout,
                                  check=False, capture_output=True).stdout


KERNEL_SOURCES = {
    "5.10": ("bullseye", "linux-image-cloud-amd64"),
    "6.1": ("bookworm", "linux-image-cloud-amd64"),
    "6.1-standard": ("bookworm", "linux-image-amd64"),
    "6.12": ("trixie", "linux-image-cloud-amd64"),
    "7.x": ("sid", "linux-image-cloud-amd64"),
}

# Modules that guests load; unpacking all of a standard kernel would take 400 MB.
KERNEL_MEMBERS = ("./boot/*", "*/vmlinuz", "*/efivarfs.ko*")


def _kernel_packages(suite, meta):
    """The packages behind a kernel meta package that hold the image and the modules."""
    apt = _apt()
    image = next(n for n in apt.about(suite, meta)[1] if n.startswith("linux-image-"))
    split = [n for n in apt.about(suite, image)[1]
             if n.startswith(("linux-binary-", "linux-modules-"))]
    return split or [image]


def kernel_deb(name):
    """The package with image and modules of a kernel of which it is one package."""
    suite, meta = KERNEL_SOURCES[name]
    (package,) = _kernel_packages(suite, meta)
    return package_deb(suite, package)


def package_deb(suite, package):
    """A package as it is downloaded."""
    apt = _apt()
    with locked("apt"):
        return apt.download(suite, package)


@functools.lru_cache(maxsize=None)
def kernel(name):
    """The kernel called name in KERNEL_SOURCES."""
    suite, meta = KERNEL_SOURCES[name]
    image, modules, release = None, None, None
    for package in _kernel_packages(suite, meta):
        release = re.sub(r"^linux-(image|binary|modules)-", "", package)
        root = unpack(suite, package, KERNEL_MEMBERS)
        image = next(root.rglob("vmlinuz*"), image)
        if any(root.rglob("*.ko*")):
            modules = root
    if not image:
        raise AssetMissing(f"no kernel image in the packages of {meta} of {suite}")
    return Kernel(name, release, image, modules)


INSTALLERS = {"12": "bookworm", "13": "trixie"}


@functools.lru_cache(maxsize=None)
def debian_installer(arch="amd64", release="12"):
    """(kernel, initrd) of Debian's network installer, text variant."""
    package = f"debian-installer-{release}-netboot-{arch}"
    root = unpack(INSTALLERS[release], package, ("*/text/*", f"*/{arch}/linux"))
    initrd = next(root.rglob("text/**/initrd.gz"), None)
    image = next((p for p in root.rglob("linux") if p.is_file()), None)
    if not initrd or not image:
        raise AssetMissing(f"{package} holds no text installer")
    return image, initrd


@functools.lru_cache(maxsize=None)
def with_libraries(suite, package):
    """Directories of a package and of the libraries it depends on, from the same suite."""
    apt = _apt()
    roots, seen, todo = [], set(), [package]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            roots.append(unpack(suite, name))
        except AssetMissing:
            if name == package:
                raise
            continue  # a virtual package: no library the loader would look for
        todo += [n for n in apt.about(suite, name)[1] if n.startswith(("lib", "zlib"))]
    return roots
