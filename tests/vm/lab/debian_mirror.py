# SPDX-License-Identifier: GPL-2.0-or-later
"""A mirror of Debian as small as one installation needs it, made of what apt fetches; whose key signs it, the test says."""

import hashlib
import re
import subprocess
import tempfile
from pathlib import Path

from . import assets

RELEASE, SUITE = "13", "trixie"
# Beside what is required: an init, the kernel for guests, and what the installer asks for by name.
PACKAGES = ("apt", "init", "udev", "kmod", "busybox", "zstd", "initramfs-tools", "linux-image-cloud-amd64", "grub-pc",
            "e2fsprogs", "ifupdown", "debconf-i18n")
# What the installer begins with; the rest is what these depend on and the initrd has not.
UDEBS = ("bootstrap-base", "finish-install", "partman-base", "partman-auto", "partman-ext3", "disk-detect", "grub-installer",
         "apt-setup-udeb", "pkgsel", "user-setup-udeb", "clock-setup")

# Mirrors are about that have some udebs only, and those for another kernel than the installer's. So what follows is made of
# the packages that have the same files.
MODULES = ("virtio_blk", "jbd2", "ext4")
TOOLS = {"e2fsprogs": ("mke2fs", "mkfs.ext4", "e2fsck", "fsck.ext4", "tune2fs", "mke2fs.conf"), "libext2fs2t64": ("lib*.so.*",),
         "libcom-err2": ("lib*.so.*",), "libss2": ("lib*.so.*",)}


def field(stanza, name):
    match = re.search(rf"^{name}: (.*)$", stanza, re.M)
    return match.group(1) if match else ""


def names(stanza, *fields):
    """The packages that these fields name, first alternatives only."""
    clauses = ",".join(field(stanza, name) for name in fields).split(",")
    return [re.match(r"[^\s(|:]+", clause.strip()).group() for clause in clauses if clause.strip()]


class Apt(assets.PrivateApt):
    """apt that knows the installer's packages, too."""

    def __init__(self):
        super().__init__(assets.cache_dir() / "apt-installer", (SUITE,), "main main/debian-installer")
        self.update()
        # By name, for a udeb is never called like a package.
        stanzas = self._run("apt-cache", "dumpavail").stdout.split("\n\n")
        self.known = {field(stanza, "Package"): stanza.strip() + "\n" for stanza in stanzas if stanza.strip()}

    def udeb(self, name):
        return field(self.known.get(name, ""), "Filename").endswith(".udeb")

    def required(self):
        return [name for name in self.known if field(self.known[name], "Priority") == "required" and not self.udeb(name)]

    def _checked(self, *command, cwd=None):
        done = self._run("apt-get", "-q", "-y", *command, cwd=cwd)
        if done.returncode:
            raise assets.AssetMissing(f"apt-get {command[0]}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _file(self, folder, name, suffix):
        version = field(self.known[name], "Version").replace(":", "%3a")
        return folder / f"{name}_{version}_{field(self.known[name], 'Architecture')}.{suffix}"

    def system(self, wanted):
        """These packages, and all that they depend on: {name: file}."""
        install = ("install", "--no-install-recommends", *wanted)
        chosen = re.findall(r"^Inst (\S+) ", self._checked("--simulate", *install), re.M)
        self._checked("--download-only", *install)
        return {name: self._file(self.root / "cache/archives", name, "deb") for name in chosen}

    def installer(self, wanted):
        """These udebs: {name: file}."""
        files = {name: self._file(self.root / "debs", name, "udeb") for name in wanted}
        missing = [name for name in wanted if not files[name].exists()]
        if missing:
            self._checked("download", *missing, cwd=self.root / "debs")
        return files

    def closure(self, wanted, there):
        """What of the installer these udebs need that is not there yet."""
        provided = {name: package for package in self.known if self.udeb(package)
                    for name in names(self.known[package], "Provides")}
        need, todo = [], list(wanted)
        there = there | {name for package in wanted for name in names(self.known[package], "Provides")}
        while todo:
            name = todo.pop()
            if name in need or name in there:
                continue
            if self.udeb(name):
                need.append(name)
                todo += names(self.known[name], "Depends")
            elif name in provided:
                todo.append(provided[name])
        return sorted(need)


def release_of(kernel):
    """What `uname -r` says of a bzImage (Linux Documentation/arch/x86/boot.rst, kernel_version)."""
    data = kernel.read_bytes()
    at = int.from_bytes(data[0x20E:0x210], "little") + 0x200
    return data[at:data.index(b" ", at)].decode()


def in_initrd(initrd):
    """Names of the packages in an installer's initrd, and of what they provide."""
    status = subprocess.run("gzip -dc | cpio --quiet -i --to-stdout '*var/lib/dpkg/status'", shell=True, check=True,
                            stdin=initrd.open("rb"), stdout=subprocess.PIPE).stdout.decode()
    return set(sum((names(stanza, "Package", "Provides") for stanza in status.split("\n\n")), []))


def extract(deb, patterns, into):
    """Files of a package whose names match, without their folders."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as stream:
        subprocess.run(["tar", "-x", "-C", into, "--transform=s,.*/,,", "--show-transformed-names", "--wildcards",
                        *[f"*/{pattern}" for pattern in patterns]], stdin=stream.stdout, check=True, capture_output=True)


def pack(folder, name, postinst="", **fields):
    """A udeb of a folder's files, and its stanza."""
    control = {"Package": name, "Version": "1", "Architecture": "amd64", "Priority": "standard", "Section": "debian-installer",
               "Maintainer": "kexec-next", "Description": "made by a test", **fields}
    text = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in control.items())
    (folder / "DEBIAN").mkdir()
    (folder / "DEBIAN/control").write_text(text)
    if postinst:
        (folder / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{postinst}\n")
        (folder / "DEBIAN/postinst").chmod(0o755)
    deb = folder.with_suffix(".udeb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", folder, deb], check=True, capture_output=True)
    data = deb.read_bytes()
    return text + f"Filename: pool/made/{name}.udeb\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n", data


def modules_udeb(work, kernel):
    """The modules that a guest's disk needs, of the package that has the installer's own kernel."""
    folder = work / "modules"
    into = folder / f"lib/modules/{kernel}/kernel"
    into.mkdir(parents=True)
    extract(assets.package_deb(SUITE, f"linux-image-{kernel}"), [f"{name}.ko*" for name in MODULES], into)
    return pack(folder, f"disk-modules-{kernel}-di", f"depmod -a {kernel}", Kernel_Version=kernel,
                Provides="ext2-modules, ext3-modules, ext4-modules, scsi-modules")


def tools_udeb(work):
    """mke2fs. partman wants NTFS's tools, too, but calls none on an empty disk."""
    folder = work / "tools"
    for place in ("sbin", "etc", "lib"):
        (folder / place).mkdir(parents=True)
    for package, patterns in TOOLS.items():
        extract(assets.package_deb(SUITE, package), patterns, folder / ("lib" if package.startswith("lib") else "sbin"))
    (folder / "sbin/mke2fs.conf").rename(folder / "etc/mke2fs.conf")
    return pack(folder, "disk-tools", Provides="e2fsprogs-udeb, ntfs-3g-udeb", Depends="libblkid1-udeb, libuuid1-udeb")


def contents():
    """(kernel, initrd, files by their paths on the mirror but for what is signed)."""
    kernel, initrd = assets.debian_installer(release=RELEASE)
    with assets.locked("apt-installer"), tempfile.TemporaryDirectory() as work:
        apt = Apt()
        made = [modules_udeb(Path(work), release_of(kernel)), tools_udeb(Path(work))]
        there = in_initrd(initrd) | {name for stanza, _ in made for name in names(stanza, "Provides")}
        udebs = apt.installer(apt.closure(UDEBS, there))
        debs = apt.system([*apt.required(), *PACKAGES])
        files = {field(stanza, "Filename"): data for stanza, data in made}
        files |= {field(apt.known[name], "Filename"): path.read_bytes() for name, path in (udebs | debs).items()}
        top = f"dists/{SUITE}/main"
        lists = {f"{top}/binary-amd64": [apt.known[name] for name in debs],
                 f"{top}/debian-installer/binary-amd64": [*[apt.known[name] for name in udebs], *[stanza for stanza, _ in made]]}
    for path, stanzas in lists.items():
        files[f"{path}/Packages"] = "\n".join(stanzas).encode()
    # By this one the installer knows whether its architecture is there.
    files[f"{top}/binary-amd64/Release"] = b"Component: main\nArchitecture: amd64\n"
    return kernel, initrd, files
