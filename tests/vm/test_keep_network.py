# SPDX-License-Identifier: GPL-2.0-or-later
"""--keep-network: what the next system makes of it, and that it gets out. The card is the second of two, renamed mostly."""

import json
import re

import pytest

from lab import assets, jump, network
from lab.initrd import Initrd, Link

# Nothing of it is what DHCP would give there. The gateway is in nobody's network.
ON_LINK = """
ip link set eth1 name {card}; ip link set {card} mtu 1400 up && ip link set eth0 up
ip addr add 10.0.2.77/32 dev {card}
ip route add 10.0.2.2 dev {card} && ip route add default via 10.0.2.2 dev {card}
ip link add link {card} name {card}.5 type vlan id 5 && ip link set {card}.5 up
ip addr add 10.0.5.1/24 dev {card}.5 && ip route add 10.1.0.0/16 via 10.0.5.254
mkdir -p /etc && echo nameserver 10.0.2.3 >/etc/resolv.conf && hostname server.example.org
"""
WITHIN = """
ip link set eth1 name lan0 && ip link set lan0 up && ip addr add 10.0.2.77/24 dev lan0
ip route add default via 10.0.2.2
mkdir -p /etc && echo nameserver 10.0.2.3 >/etc/resolv.conf && hostname server.example.org
"""


def booted(second_files, compression="none"):
    kernel = assets.kernel("6.1")
    second = Initrd("second", files={**network.modules(kernel), **second_files})
    files = {**network.modules(kernel), **jump.carried(kernel, second, compression)}
    return kernel, jump.boot("6.1", files, extra=network.cards(), memory="1536M")


def load(guest, kernel, *options):
    """Load with --keep-network; what the plan said of it."""
    arguments = (f"/boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} "
                 f"--append='console=ttyS0 no_timer_check' --keep-network {' '.join(options)}")
    plan = json.loads(guest.run(f"kexec plan --json {arguments}").out)
    loaded = guest.run(f"kexec load {arguments}")
    assert loaded.status in (0, 1), loaded.err
    return plan


def wait_for(guest, what):
    """Until an event of the network has come: rtnetlink's events, by ip monitor, are not in busybox."""
    guest.ok(f"for i in $(seq 300); do {what} && exit 0; sleep 0.2; done; ip addr; ip route; exit 1")


def gets_out(guest):
    guest.ok("ping -c 1 -W 20 10.0.2.2")


@pytest.mark.parametrize("told", ["networkd", "dracut"])
def test_by_systemd(told):
    """Gateway on the link, VLAN and MTU, by files, with the card's name, or by words; systemd-networkd is their judge."""
    card = {"networkd": "lan0", "dracut": "eth1"}[told]
    kernel, guest = booted(network.systemd(told == "dracut"))
    with guest:
        guest.ok(ON_LINK.format(card=card))
        gets_out(guest)
        plan = load(guest, kernel)
        assert plan["network"]["as"] == told
        guest.jump("second")
        wait_for(guest, "ip route | grep -q '^10.1.0.0/16' && ip route | grep -q ^default")
        address, routes = guest.ok("ip addr"), guest.ok("ip route")
        found = re.search(rf"^\d+: {card}: .*?(?=^\d+:|\Z)", address, re.M | re.S).group()
        assert network.MACS[1] in found and "inet 10.0.2.77/32" in found and "mtu 1400" in found
        assert re.search(rf": {card}\.5@{card}: .*inet 10\.0\.5\.1/24", address, re.S)
        guest.ok(f"grep 'VID: 5' /proc/net/vlan/{card}.5")
        assert re.search(rf"^default via 10\.0\.2\.2 dev {card}\b", routes, re.M)
        assert re.search(rf"^10\.1\.0\.0/16 via 10\.0\.5\.254 dev {card}\.5", routes, re.M)
        gets_out(guest)


def test_by_initramfs_tools():
    """ip= and BOOTIF=, as Debian's initramfs-tools configures a network by them, with klibc's ipconfig."""
    kernel, guest = booted(network.initramfs_tools())
    with guest:
        guest.ok(WITHIN)
        plan = load(guest, kernel)
        assert plan["network"]["as"] == "kernel"
        guest.jump("second")
        guest.ok("ip link set eth0 up; quiet=n DEVICE=; for word in $(cat /proc/cmdline); do case $word in "
                 "ip=*) IP=${word#ip=};; BOOTIF=*) BOOTIF=${word#BOOTIF=};; esac; done; "
                 ". /scripts/functions; configure_networking")
        eth1 = re.search(r"^\d+: eth1: .*?(?=^\d+:|\Z)", guest.ok("ip addr"), re.M | re.S).group()
        assert network.MACS[1] in eth1 and "inet 10.0.2.77/24" in eth1
        assert "default via 10.0.2.2 dev eth1" in guest.ok("ip route")
        assert "10.0.2.3" in guest.ok("cat /run/net-eth1.conf") and "server" in guest.ok("cat /run/net-eth1.conf")
        gets_out(guest)


def test_keys_and_files():
    """In the second system: contents, permissions, owner, and nothing else gone."""
    kernel, guest = booted({"/etc/ssh/sshd_config": "Port 22\n", "/lib": Link("usr/lib"),
                            "/usr/lib/there": "1"}, compression="gzip")
    with guest:
        guest.ok("mkdir -p /etc/ssh /root/.ssh; echo private >/etc/ssh/ssh_host_ed25519_key; "
                 "echo public >/etc/ssh/ssh_host_ed25519_key.pub; echo me >/root/.ssh/authorized_keys; echo text >/motd; "
                 "ip link set eth1 up; ip addr add 10.0.2.77/24 dev eth1")
        load(guest, kernel, "--ssh-keys", "--add=/motd=/lib/new/motd")
        guest.jump("second")
        assert guest.ok("cat /etc/ssh/sshd_config /lib/there /usr/lib/new/motd /etc/ssh/ssh_host_ed25519_key "
                        "/root/.ssh/authorized_keys; [ -L /lib ]") == "Port 22\n1text\nprivate\nme\n"
        assert guest.ok("stat -c '%a %u %g' /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub "
                        "/root/.ssh /root/.ssh/authorized_keys") == "600 0 0\n644 0 0\n700 0 0\n600 0 0\n"
