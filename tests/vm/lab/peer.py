# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers on a guest's own network: a host of Ethernet frames, tagged ones (IEEE 802.1Q) included, and of nothing else."""

import ipaddress
import os
import select
import socket
import struct
import tempfile
import threading
from pathlib import Path

MAC = bytes.fromhex("525400bb0001")
ARP, IPV4, IPV6, VLAN = 0x0806, 0x0800, 0x86DD, 0x8100


def _sum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _summed(packet, before=b""):
    """An ICMP message with its checksum, which is at 2, put in."""
    packet = packet[:2] + b"\0\0" + packet[4:]
    return packet[:2] + struct.pack("!H", _sum(before + packet)) + packet[4:]


class Peer(threading.Thread):
    """Answers for addresses by the VLAN that they are on, 0 for none, and for pings of any address through those.

    here: {VLAN: addresses}; seen: (card, VLAN, address of the guest, address pinged), of each ping that was answered.
    """

    def __init__(self, cards, here):
        super().__init__(daemon=True)
        self.folder = tempfile.TemporaryDirectory(prefix="peer-")
        self.here = {vlan: {ipaddress.ip_address(text) for text in texts} for vlan, texts in here.items()}
        self.seen, self.cards = set(), cards
        self.sockets = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(cards)]
        for card, sock in enumerate(self.sockets):
            sock.bind(self._path("peer", card))
        self.end, self.stopped = os.pipe()

    def _path(self, whose, card):
        return str(Path(self.folder.name) / f"{whose}{card}")

    def arguments(self, macs):
        """QEMU's, for one card each."""
        found = []
        for card, mac in enumerate(macs):
            found += ["-netdev", f"dgram,id=net{card},local.type=unix,local.path={self._path('qemu', card)},"
                      f"remote.type=unix,remote.path={self._path('peer', card)}",
                      "-device", f"virtio-net-pci,netdev=net{card},mac={mac},romfile="]
        return found

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        os.write(self.stopped, b"x")
        self.join()
        for sock in self.sockets:
            sock.close()
        os.close(self.end)
        os.close(self.stopped)
        self.folder.cleanup()

    def run(self):
        while True:
            ready, _, _ = select.select([self.end, *self.sockets], [], [])
            if self.end in ready:
                return
            for card, sock in enumerate(self.sockets):
                answer = sock in ready and self._frame(card, sock.recv(65536))
                try:
                    if answer:
                        sock.sendto(answer, self._path("qemu", card))
                except OSError:
                    pass  # QEMU has gone; the test says so

    def _frame(self, card, frame):
        to, sender, kind, tag, body = frame[:6], frame[6:12], frame[12:14], b"", frame[14:]
        if kind == struct.pack("!H", VLAN):
            tag, kind, body = frame[12:16], frame[16:18], frame[18:]
        vlan = struct.unpack("!H", tag[2:])[0] & 0xFFF if tag else 0
        answers = {ARP: self._arp, IPV4: self._ipv4, IPV6: self._ipv6}.get(int.from_bytes(kind, "big"))
        if not answers or not (to == MAC or to[0] & 1):
            return None
        answer = answers(card, vlan, body)
        return answer and sender + MAC + tag + kind + answer

    def _arp(self, _card, vlan, body):
        """RFC 826."""
        head, mac, ip, wanted = body[:8], body[8:14], body[14:18], body[24:28]
        if head[6:8] != b"\0\1" or ipaddress.ip_address(wanted) not in self.here.get(vlan, ()):
            return None
        return head[:6] + b"\0\2" + MAC + wanted + mac + ip

    def _ipv4(self, card, vlan, body):
        size, length = 4 * (body[0] & 15), struct.unpack("!H", body[2:4])[0]
        packet, sender, wanted = body[size:length], body[12:16], body[16:20]
        if body[9] != 1 or packet[0] != 8 or vlan not in self.here:
            return None
        self._note(card, vlan, sender, wanted)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(packet), 0, 0, 64, 1, 0) + wanted + sender
        return head[:10] + struct.pack("!H", _sum(head)) + head[12:] + _summed(b"\0" + packet[1:])

    def _ipv6(self, card, vlan, body):
        """RFC 4443 (echo), RFC 4861 (neighbours)."""
        length, packet, sender, wanted = struct.unpack("!H", body[4:6])[0], body[40:], body[8:24], body[24:40]
        packet = packet[:length]
        if body[6] != 58 or vlan not in self.here:
            return None
        if packet[0] == 135 and ipaddress.ip_address(packet[8:24]) in self.here[vlan] and any(sender):
            wanted, said = packet[8:24], b"\x88\0\0\0\x60\0\0\0" + packet[8:24] + b"\2\1" + MAC
        elif packet[0] == 128:
            self._note(card, vlan, sender, wanted)
            said = b"\x81" + packet[1:]
        else:
            return None
        head = struct.pack("!IHBB", 6 << 28, len(said), 58, 255) + wanted + sender
        return head + _summed(said, wanted + sender + struct.pack("!II", len(said), 58))

    def _note(self, card, vlan, sender, wanted):
        self.seen.add((card, vlan, str(ipaddress.ip_address(sender)), str(ipaddress.ip_address(wanted))))
