# SPDX-License-Identifier: GPL-2.0-or-later
"""--keep-network: what the next system makes of it, and that it gets out. The card is the second of two, renamed mostly."""

import json
import re
import subprocess

import pytest

from lab import assets, jump, network
from lab.initrd import Initrd, Link, packaged
from lab.peer import Peer

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


# Out by a VLAN on a bond, whose gateways are in nobody's network; the second card is the bond's first choice.
BOND = network.LOAD_BOND + """
i=0; for card in {cards}; do [ $card = eth$i ] || ip link set eth$i name $card; i=$((i + 1)); done; set -e
ip link add name bond0 type bond; cd /sys/class/net/bond0/bonding; echo active-backup >mode; echo 100 >miimon
for card in {cards}; do echo +$card >slaves; done; echo $card >primary
ip link set bond0 up; ip addr add 10.9.0.77/24 dev bond0
ip link add link bond0 name bond0.5 type vlan id 5; ip link set bond0.5 mtu 1400 up
ip addr add 192.0.2.77/32 dev bond0.5; ip route add 198.51.100.1 dev bond0.5; ip route add default via 198.51.100.1 dev bond0.5
ip -6 addr add 2001:db8::77/64 dev bond0.5; ip -6 route add default via fe80::1 dev bond0.5
hostname server.example.org
"""


def booted(second_files, compression="none", cards=None):
    kernel = assets.kernel("6.1")
    second = Initrd("second", files={**network.modules(kernel), **second_files})
    files = {**network.modules(kernel), **jump.carried(kernel, second, compression)}
    return kernel, jump.boot("6.1", files, extra=cards or network.cards(), memory="1536M")


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


def reaches_all(guest, peer):
    """By the bond, by its VLAN and by both families of that; which cards it went by."""
    peer.seen.clear()
    guest.ok("for i in $(seq 300); do ip -6 addr | grep -q tentative || break; sleep 0.2; done; "
             "ping -c 2 -W 20 10.9.0.1 && ping -c 2 -W 20 203.0.113.9 && ping6 -c 2 -W 20 2001:db8:ffff::9")
    assert {seen[1:] for seen in peer.seen} == {(0, "10.9.0.77", "10.9.0.1"), (5, "192.0.2.77", "203.0.113.9"),
                                                (5, "2001:db8::77", "2001:db8:ffff::9")}
    return {seen[0] for seen in peer.seen}


@pytest.mark.parametrize("told", ["networkd", "dracut"])
def test_bond_and_vlan(told):
    """With a peer that answers where it should alone; the primary card, and the other one when it is gone, by files."""
    cards = {"networkd": ("lan0", "lan1"), "dracut": ("eth0", "eth1")}[told]
    with Peer(2, {0: ["10.9.0.1"], 5: ["198.51.100.1", "fe80::1"]}) as peer:
        kernel, guest = booted(network.systemd(told == "dracut"), cards=peer.arguments(network.MACS))
        with guest:
            guest.ok(BOND.format(cards=" ".join(cards)))
            assert reaches_all(guest, peer) == {1}
            refused = guest.run(f"kexec plan --keep-network=kernel /boot/vmlinuz-{kernel.release}")
            assert refused.status == 2 and "the way out is bond0.5, a VLAN, and ip= takes" in refused.err, refused
            plan = load(guest, kernel)
            assert plan["network"]["as"] == told
            guest.jump("second")
            wait_for(guest, "ip route | grep -q ^default && ip -6 route | grep -q ^default")
            used = reaches_all(guest, peer)
            assert set(guest.ok("cat /sys/class/net/bond0/bonding/slaves").split()) == set(cards)
            guest.ok("grep 'VID: 5' /proc/net/vlan/bond0.5")
            assert "mtu 1400" in guest.ok("ip link show bond0.5")
            if told == "networkd":
                assert used == {1}
                assert guest.ok("cd /sys/class/net/bond0/bonding; cat mode primary").split()[::2] == ["active-backup", "lan1"]
                guest.ok("ip link set lan1 down")
                assert reaches_all(guest, peer) == {0}


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


def test_dropbear_has_the_host_keys(tmp_path):
    """dropbear's own program reads what it is given, and finds the public key in it."""
    kinds, files = ("ed25519", "ecdsa", "rsa"), {}
    for kind in kinds:
        path = tmp_path / f"ssh_host_{kind}_key"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "me", "-f", path], check=True)
        files |= {f"/etc/ssh/{path.name}": path, f"/etc/ssh/{path.name}.pub": path.with_suffix(".pub")}
    kernel = assets.kernel("6.1")
    second = Initrd("second", files={"/usr/sbin/dropbear": "", **packaged("bookworm", "dropbear-bin", "/usr/bin/dropbearkey")})
    with jump.boot("6.1", {**files, **jump.carried(kernel, second)}) as guest:
        guest.ok(f"kexec load /boot/vmlinuz-{kernel.release} --initrd=/boot/initrd.img-{kernel.release} "
                 "--append='console=ttyS0 no_timer_check' --ssh-keys || [ $? = 1 ]")
        guest.jump("second")
        for kind in kinds:
            said = guest.ok(f"dropbearkey -y -f /etc/dropbear/dropbear_{kind}_host_key").splitlines()
            public = (tmp_path / f"ssh_host_{kind}_key.pub").read_text().split()[:2]
            assert public in [line.split()[:2] for line in said], said


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
