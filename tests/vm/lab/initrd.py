# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the initrds of the guests: a busybox, an agent, and whatever files a test wants there."""

import bz2
import gzip
import hashlib
import lzma
import os
import re
import subprocess
from pathlib import Path

from . import assets

BUSYBOX = "/bin/busybox"

# The agent's line protocol is served on the second serial port, so that the console on the first
# one carries only what a user would see there. See guest.py for the other end.
INIT = r"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /sbin /usr/sbin /usr/bin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
export PATH=/usr/local/sbin:/sbin:/usr/sbin:/bin:/usr/bin
busybox --install -s
for module in /lab/modules/*.ko; do [ ! -e "$module" ] || insmod "$module"; done
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
[ ! -d /sys/firmware/efi/efivars ] || mount -t efivarfs efivarfs /sys/firmware/efi/efivars
name=$(cat /lab/name)
hostname "$name"
if [ -x /lab/start ]; then
	/lab/start >/dev/console 2>&1 </dev/console
else
	echo "@@lab $name is up on $(uname -r)" >/dev/console
fi
exec sh /lab/agent </dev/ttyS1 >/dev/ttyS1
"""

AGENT = r"""stty 115200 raw -echo
echo "@@hello $(cat /lab/name)"
while IFS= read -r line; do
	id=${line%% *}
	printf %s "${line#* }" | base64 -d >/tmp/command
	sh /tmp/command >/tmp/out 2>/tmp/err </dev/null
	status=$?
	echo "@@out $id $status"
	base64 /tmp/out
	echo "@@err"
	base64 /tmp/err
	echo "@@end $id"
done
"""


class Link(str):
    """The target of a symbolic link, as the content of a file."""


def _entry(number, name, mode, data):
    """One member of a cpio archive (Linux Documentation/driver-api/early-userspace/buffer-format)."""
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + "".join(f"{field:08x}" for field in fields).encode() + encoded
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)


def _content(source):
    if isinstance(source, Link):
        return 0o120777, source.encode()
    if isinstance(source, Path):
        return 0o100755, source.read_bytes()
    return 0o100755, source.encode() if isinstance(source, str) else source


def archive(files):
    """A newc archive of {path: bytes, str, Path or Link}, directories made as needed."""
    parts, made = [], {""}
    for path, source in files.items():
        path = path.lstrip("/")
        for parent in reversed(Path(path).parents):
            name = "" if str(parent) == "." else str(parent)
            if name not in made:
                made.add(name)
                parts.append(_entry(len(parts) + 1, name, 0o040755, b""))
        parts.append(_entry(len(parts) + 1, path, *_content(source)))
    parts.append(_entry(0, "TRAILER!!!", 0, b""))
    return b"".join(parts)


def _command(*argv):
    return lambda data: subprocess.run(argv, input=data, stdout=subprocess.PIPE, check=True).stdout


COMPRESSORS = {
    "none": lambda data: data,
    "gzip": lambda data: gzip.compress(data, 6),
    # The kernel's decoder knows CRC32 alone (Documentation/staging/xz.rst).
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32, preset=1),
    "zstd": _command("zstd", "-q", "-c"),
    # The legacy frame is the only one that the kernel reads (lib/decompress_unlz4.c).
    "lz4": _command("lz4", "-q", "-l", "-c"),
    "bzip2": lambda data: bz2.compress(data, 1),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=1),
}


def program(host_path, guest_path):
    """A program and the shared libraries that it needs, each library where the host has it."""
    files = {guest_path: Path(host_path)}
    listed = subprocess.run(["ldd", str(host_path)], check=False, capture_output=True, text=True)
    for library in re.findall(r"(/\S+) \(0x", listed.stdout):
        files[library] = Path(library).resolve()
    return files


def packaged(suite, package, guest_path):
    """A program of a Debian package with libraries of its own suite, kept apart from the guest's."""
    name = Path(guest_path).name
    prefix, loader, libraries = f"/opt/{package}-{suite}", None, {}
    for root in assets.with_libraries(suite, package):
        for found in root.rglob("*.so*"):
            if found.is_file() and "gconv" not in found.parts:
                libraries[f"{prefix}/{found.name}"] = found.resolve()
                loader = found.name if found.name.startswith("ld-linux-x86-64") else loader
        for found in root.rglob(f"*bin/{name}"):
            libraries[f"{prefix}/{name}"] = found
    wrapper = f'#!/bin/sh\nexec {prefix}/{loader} --library-path {prefix} {prefix}/{name} "$@"\n'
    return {**libraries, guest_path: wrapper}


def kexec_tools(suite, guest_path):
    return packaged(suite, "kexec-tools", guest_path)


class Initrd:
    """An initrd whose guest can be told apart, and its unpacking verified, by what it answers.

    name is what the guest's hello says. random is the number of random bytes put into a file that
    random_hash() covers.
    """

    def __init__(self, name, files=None, modules=(), random=200_000):
        self.name = name
        self.random = {f"/lab/random/{name}-{i}": os.urandom(random // 3 + i) for i in range(3)}
        self.files = {
            "/init": INIT,
            "/bin/busybox": Path(BUSYBOX),
            "/bin/sh": Link("busybox"),
            "/lab/agent": AGENT,
            "/lab/name": name,
            **{f"/lab/modules/{i}.ko": module for i, module in enumerate(modules)},
            **self.random,
            **(files or {}),
        }

    def build(self, compression="none"):
        return COMPRESSORS[compression](archive(self.files))


def random_hash(*parts):
    """What sha256sum prints over the random files of all these initrds in a guest's /lab/random."""
    files = {name: data for part in parts for name, data in part.items()}
    return hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
