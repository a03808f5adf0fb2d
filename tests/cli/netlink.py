# SPDX-License-Identifier: GPL-2.0-or-later
"""rtnetlink dumps for machines that are made on the spot: include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h."""

import socket
import struct

NEWLINK, NEWADDR, NEWROUTE = 16, 20, 24
ONLINK = 4


def attribute(kind, payload):
    size = 4 + len(payload)
    return struct.pack("<HH", size, kind) + payload + bytes(-size % 4)


def number(kind, value):
    return attribute(kind, struct.pack("<I", value))


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


def packed(ip):
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


def family(ip):
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def message(kind, head, *attributes):
    body = head + b"".join(attributes)
    return struct.pack("<IHHII", 16 + len(body), kind, 2, 1, 1) + body


def link(index, name, kind=None, data=b"", mtu=1500, master=0, lower=0):
    """An interface that is up; without a kind it is a card. The last byte of its MAC address is its index."""
    mac = bytes([0x52, 0x54, 0, 0, 0, index])
    info = attribute(18, text(1, kind) + attribute(2, data)) if kind else b""
    permanent = attribute(54, mac) if not kind else b""
    return message(NEWLINK, struct.pack("<BBHiII", 0, 0, 1, index, 1, 0), text(3, name), attribute(1, mac),
                   number(4, mtu), number(10, master), number(5, lower), info, permanent)


def vlan(index, name, lower, number_of):
    return link(index, name, "vlan", attribute(1, struct.pack("<H", number_of)), lower=lower)


def bond(index, name, mode):
    return link(index, name, "bond", attribute(1, bytes([mode])) + number(3, 100))


def address(index, ip, prefix):
    return message(NEWADDR, struct.pack("<BBBBI", family(ip), prefix, 0x80, 0, index), attribute(1, packed(ip)))


def route(index, to, prefix, via=None, flags=0):
    head = struct.pack("<BBBBBBBBI", family(to), prefix, 0, 0, 254, 4, 0, 1, flags)
    other = via and family(via) != family(to)
    way = b"" if not via else attribute(18, struct.pack("<H", family(via)) + packed(via)) if other \
        else attribute(5, packed(via))
    return message(NEWROUTE, head, number(15, 254), number(4, index), attribute(1, packed(to)) if prefix else b"", way)


def put(root, links, addresses, routes, resolv="nameserver 192.0.2.53\n", host="server.example.org"):
    """Gives the machine whose facts are below root this network."""
    files = {"netlink/link": b"".join(links), "netlink/address": b"".join(addresses),
             "netlink/route": b"".join(routes), "etc/resolv.conf": resolv.encode(),
             "proc/sys/kernel/hostname": host.encode() + b"\n"}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
