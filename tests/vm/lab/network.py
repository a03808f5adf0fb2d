# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests with network cards, on QEMU's own network that reaches no further than this machine's loopback."""

import functools
import subprocess
import tarfile
from pathlib import Path

from . import assets
from .initrd import Link

# In the order in which they need each other.
MODULES = ("virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover",
           "net_failover", "virtio_net", "llc", "stp", "garp", "mrp", "8021q", "tls", "bonding")
# Loaded by whoever wants a bond: without max_bonds=0 the module makes one of its own.
BOND = ("tls", "bonding")
MACS = ("52:54:00:aa:00:01", "52:54:00:aa:00:02")


@functools.lru_cache(maxsize=None)
def modules(kernel):
    """All of them in one pass through the package, which takes seconds."""
    deb = assets.cache_dir() / "apt" / "debs" / f"{kernel.modules.name}.deb"
    files = {}
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as stream:
        with tarfile.open(fileobj=stream.stdout, mode="r|") as archive:
            for member in archive:
                name = Path(member.name).name.partition(".ko")[0]
                if ".ko" in member.name and name in MODULES:
                    place = "bond" if name in BOND else "modules"
                    files[f"/lab/{place}/net-{MODULES.index(name):02}-{name}.ko"] = archive.extractfile(member).read()
    return files


def cards():
    """QEMU's arguments for two cards, each with a network of its own: 10.0.2.2 answers behind both."""
    arguments = []
    for i, mac in enumerate(MACS):
        arguments += ["-netdev", f"user,id=net{i},restrict=on,ipv6=off",
                      "-device", f"virtio-net-pci,netdev=net{i},mac={mac},romfile="]
    return arguments


LOAD_BOND = "insmod /lab/bond/*tls.ko && insmod /lab/bond/*bonding.ko max_bonds=0"


def _libraries(package):
    """The libraries of a package and of what it depends on, at their own places."""
    files = {}
    for root in assets.with_libraries("bookworm", package):
        for path in root.rglob("*.so*"):
            if path.is_file() and not {"gconv", "security", "modules"} & set(path.parts):
                files["/" + str(path.relative_to(root))] = path.resolve()
    return files


# In place of init: udev names the cards, then systemd-networkd is told that this is all there is.
START = r"""#!/bin/sh
mkdir -p /run/udev /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
LOAD_BOND
[ ! -x /lib/systemd/systemd-network-generator ] || /lib/systemd/systemd-network-generator
/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --subsystem-match=net
udevadm settle
chown -R systemd-network /run/systemd/netif
/lib/systemd/systemd-networkd &
echo "networkd runs"
""".replace("LOAD_BOND", LOAD_BOND)


def systemd(dracut=False):
    """systemd-networkd and udev of Debian 12, as an initrd has them; with what reads dracut's words."""
    root, udev = assets.unpack("bookworm", "systemd"), assets.unpack("bookworm", "udev")
    rules = ("50-udev-default.rules", "75-net-description.rules", "80-net-setup-link.rules")
    files = {**_libraries("systemd"), **_libraries("udev"), "/bin/udevadm": udev / "bin/udevadm",
             "/lib/systemd/systemd-networkd": root / "lib/systemd/systemd-networkd",
             "/lib/systemd/systemd-udevd": Link("/bin/udevadm"), "/lab/start": START,
             "/etc/passwd": "root:x:0:0::/root:/bin/sh\nsystemd-network:x:998:998::/:/bin/false\n",
             "/etc/initrd-release": "",
             "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
             "/etc/group": "root:x:0:\nsystemd-network:x:998:\n"}
    if dracut:
        name = "lib/systemd/systemd-network-generator"
        files.update({f"/{name}": root / name, "/usr/lib/dracut/hooks": ""})
    for rule in rules:
        files[f"/lib/udev/rules.d/{rule}"] = (udev / "lib/udev/rules.d" / rule).read_bytes()
    return files


def initramfs_tools():
    """configure_networking of Debian's initramfs-tools, with klibc's ipconfig."""
    core, utils = assets.unpack("bookworm", "initramfs-tools-core"), assets.unpack("bookworm", "klibc-utils")
    library = next(assets.unpack("bookworm", "libklibc").rglob("klibc-*.so"))
    return {"/scripts/functions": (core / "usr/share/initramfs-tools/scripts/functions").read_bytes(),
            "/conf/initramfs.conf": "", f"/lib/{library.name}": library,
            "/usr/bin/ipconfig": next(utils.rglob("bin/ipconfig"))}
