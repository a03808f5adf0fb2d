# SPDX-License-Identifier: GPL-2.0-or-later
"""`kexec netboot`: a machine that has a network and a serial line, and nothing of what it starts, gets Debian's installer."""

import hashlib
import io
import shutil
import socket
import struct
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
NETWORK = "ip link set eth0 up && ip addr add {}/24 dev eth0 && ip route add default via 10.0.2.2"


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


def machine(files, address="10.0.2.15", extra=(), **more):
    """1 GiB, a card, gpgv, and what of the command is not the command."""
    data = {str(tool.folder_of("datadir") / "netboot" / path.name): path for path in (ROOT / "contrib/netboot").glob("*.conf")}
    guest = jump.boot("6.1", {**data, **initrd.program("/usr/bin/gpgv", "/usr/bin/gpgv"), **files}, modules=MODULES, memory="1G",
                      extra=[*CARD, *extra], **more)
    guest.ok(NETWORK.format(address))
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


def sent(pcap):
    """(protocol, source, destination, port) of each IPv4 packet of a capture: QEMU's filter-dump, a classic pcap."""
    data, at, found = pcap.read_bytes(), 24, set()
    while at + 16 <= len(data):
        size = struct.unpack_from("=I", data, at + 8)[0]
        frame, at = data[at + 16:at + 16 + size], at + 16 + size
        if frame[12:14] == b"\x08\x00" and len(frame) >= 38:
            transport = 14 + 4 * (frame[14] & 15)
            found.add((frame[23], socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34]),
                       struct.unpack_from("!H", frame, transport + 2)[0]))
    return found


# What is no question of the network's, for an installer that asks as usual; the mirror is where nothing of Debian is.
ANSWERS = ("locale=en_US.UTF-8 keymap=us mirror/country=manual mirror/http/hostname=10.0.2.2:{port} mirror/http/directory=/empty "
           "mirror/http/proxy=")


def test_debian_installer_keeps_the_network(signer, web, tmp_path):
    """Another address than DHCP gives there: nobody is asked, DHCP is not used, and the installer gets to its mirror."""
    key, keyring = signer
    image, ramdisk = assets.debian_installer()
    servers.debian_mirror(web, key, image.read_bytes(), ramdisk.read_bytes())
    capture = tmp_path / "packets"
    dump = ["-object", f"filter-dump,id=dump0,netdev=net0,file={capture}"]
    with machine({"/root/mirror.gpg": keyring}, address="10.0.2.77", extra=dump) as guest:
        guest.ok("hostname server.example.org; mkdir -p /etc; echo nameserver 10.0.2.3 >/etc/resolv.conf")
        result = guest.run(f"kexec netboot debian --mirror=http://10.0.2.2:{web.port}/debian --keyring=/root/mirror.gpg --keep-network "
                           f"--append='{ANSWERS.format(port=web.port)}'", timeout=300)
        assert result.status in (0, 1), result
        since = len(guest.text["console"])
        guest.start("exec kexec exec")
        guest.wait_for("the installer at its mirror", lambda: any("/empty/dists/" in request[1] for request in web.requests), 600)
        assert "IP address" not in guest.text["console"][since:]
    packets = sent(capture)
    assert not [packet for packet in packets if packet[0] == 17 and packet[3] == 67]
    assert {packet[1] for packet in packets if packet[0] == 6 and packet[3] == web.port} == {"10.0.2.77"}


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
initrd hook /lab/hooks/hook mode=755
boot
"""


def test_script(web):
    """What a script sees of the machine, the second system says."""
    kernel, second = assets.kernel("6.1"), Initrd("second")
    web.put("/a/menu.ipxe", SCRIPT.encode())
    web.put("/a/linux", kernel.image.read_bytes())
    web.put("/a/initrd.gz", second.build("gzip"))
    web.put("/a/hook", b"#!/bin/sh\necho a hook\n")
    with machine({}) as guest:
        result = guest.run(f"kexec netboot http://10.0.2.2:{web.port}/a/menu.ipxe --insecure --choose=second", timeout=300)
        assert result.status in (0, 1), result
        guest.jump("second", "kexec exec")
        assert guest.ok("cat /proc/cmdline").strip() == \
            "lab.mac=52-54-00-aa-00-01 lab.ip=10.0.2.15 no_timer_check console=ttyS0"
        assert guest.facts("random") == {"random": random_hash(second.random)}
        assert guest.ok("/lab/hooks/hook; stat -c '%a %u' /lab/hooks/hook") == "a hook\n755 0\n"
