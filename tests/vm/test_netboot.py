# SPDX-License-Identifier: GPL-2.0-or-later
"""`kexec netboot`: a machine that has a network and a serial line, and nothing of what it starts, gets Debian's installer."""

import hashlib
import io
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from lab import assets, initrd, jump, tool
from lab.initrd import Initrd, random_hash

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import servers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

# In the order in which they need one another.
MODULES = ("virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover", "net_failover",
           "virtio_net")
# Behind 10.0.2.2 is this machine's loopback.
CARD = ["-netdev", "user,id=net0,ipv6=off", "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:aa:00:01,romfile="]
NETWORK = "ip link set eth0 up && ip addr add 10.0.2.15/24 dev eth0 && ip route add default via 10.0.2.2"


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    made = servers.Signer("mirror")
    yield made, made.keyring(tmp_path_factory.mktemp("keys") / "mirror.gpg")
    made.close()


@pytest.fixture
def web():
    with servers.Web() as server:
        yield server


def machine(files, extra=(), **more):
    """1 GiB, a card, gpgv, and what of the command is not the command."""
    data = {str(tool.folder_of("datadir") / "netboot" / path.name): path for path in (ROOT / "contrib/netboot").glob("*.conf")}
    guest = jump.boot("6.1", {**data, **initrd.program("/usr/bin/gpgv", "/usr/bin/gpgv"), **files}, modules=MODULES, memory="1G",
                      extra=[*CARD, *extra], **more)
    guest.ok(NETWORK)
    return guest


def test_debian_installer_from_a_mirror(signer, web):
    key, keyring = signer
    image, ramdisk = assets.debian_installer()
    _, path = servers.debian_mirror(web, key, image.read_bytes(), ramdisk.read_bytes())
    mirror = f"http://10.0.2.2:{web.port}/debian"
    with machine({"/root/mirror.gpg": keyring}) as guest:
        # Somebody on the way changes one byte.
        good = web.files[path].content
        web.put(path, good[:1000] + bytes([good[1000] ^ 1]) + good[1001:])
        command = f"kexec netboot debian --mirror={mirror} --keyring=/root/mirror.gpg --append=priority=low"
        result = guest.run(command, timeout=300)
        assert result.status == 2 and "SHA256SUMS says" in result.err, result
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "0"
        web.put(path, good)
        result = guest.run(command, timeout=300)
        assert result.status in (0, 1), result
        assert guest.ok("cat /sys/kernel/kexec_loaded").strip() == "1"
        since = len(guest.text["console"])
        guest.start("exec kexec exec")
        guest.wait_console("Debian installer main menu", since)


def test_installer_out_of_an_archive(signer, web):
    """The same by hand, with the command of a running system: netboot.tar.gz, as a mirror has it, whose list is signed."""
    key, keyring = signer
    top, images = "/debian/dists/bookworm", "main/installer-amd64/current/images"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for path, name in zip(assets.debian_installer(), ("linux", "initrd.gz")):
            archive.add(path, f"./debian-installer/amd64/{name}")
    listed = servers.sums(**{"./netboot/netboot.tar.gz": packed.getvalue()})
    release = f"Codename: bookworm\nSHA256:\n {hashlib.sha256(listed).hexdigest()} {len(listed)} {images}/SHA256SUMS\n"
    web.put(f"{top}/InRelease", key.around(release.encode()))
    web.put(f"{top}/{images}/SHA256SUMS", listed)
    web.put(f"{top}/{images}/netboot/netboot.tar.gz", packed.getvalue())
    at = f"http://10.0.2.2:{web.port}{top}"
    inside = f"{at}/{images}/netboot/netboot.tar.gz#debian-installer/amd64"
    with machine({"/root/mirror.gpg": keyring}) as guest:
        guest.ok(f"kexec --load {inside}/linux --initrd={inside}/initrd.gz --sums={at}/InRelease "
                 f"--sums={at}/{images}/SHA256SUMS --keyring=/root/mirror.gpg "
                 '--command-line="console=ttyS0 priority=low"', timeout=300)
        since = len(guest.text["console"])
        guest.start("kexec --exec")
        guest.wait_console("Debian installer main menu", since)


SCRIPT = """#!ipxe
menu What is it to be?
item nothing Nothing
item second The second system
choose target || exit
goto ${target}
:second
kernel linux lab.mac=${net0/mac:hexhyp} lab.ip=${ip} no_timer_check
initrd initrd.gz
boot
"""


def test_script(web):
    """What a script sees of the machine, the second system says."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    web.put("/a/menu.ipxe", SCRIPT.encode())
    web.put("/a/linux", kernel.image.read_bytes())
    web.put("/a/initrd.gz", second.build("gzip"))
    with machine({}) as guest:
        result = guest.run(f"kexec netboot http://10.0.2.2:{web.port}/a/menu.ipxe --insecure --choose=second", timeout=300)
        assert result.status in (0, 1), result
        guest.jump("second", "kexec exec")
        assert guest.ok("cat /proc/cmdline").strip() == \
            "lab.mac=52-54-00-aa-00-01 lab.ip=10.0.2.15 no_timer_check console=ttyS0"
        assert guest.facts("random") == {"random": random_hash(second.random)}
