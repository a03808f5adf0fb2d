# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels and machines made on the spot: small, valid, and each field where a test can change it."""

import gzip
import pathlib
import struct
import zlib

SETUP_SIZE = 5 * 512
PAYLOAD = 0x600

# Offsets of the setup header: Documentation/x86/boot.rst.
HEADER = 0x202
VERSION = 0x206
XLOADFLAGS = 0x236
CMDLINE_SIZE = 0x238
INIT_SIZE = 0x260


def vmlinux():
    """What a kernel's payload unpacks to: an ELF file with one segment, then its relocations, one in each of two tables."""
    start, vaddr, size = 0x1000000, 0xFFFFFFFF81000000, 0x1000
    image = bytearray(0x1000 + size)
    struct.pack_into("<16sHHIQQQIHHHHHH", image, 0, b"\x7fELF\2\1\1", 2, 62, 1, start + 0x40, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    struct.pack_into("<IIQQQQQQ", image, 64, 1, 7, 0x1000, vaddr, start, size, size, 0x200000)
    struct.pack_into("<QI", image, 0x1000, vaddr + 8, 0x81000010)
    return bytes(image) + struct.pack("<4I", 0, 0x81000000, 0, 0x81000008)


def multiboot():
    """An ELF file of one segment with a header of multiboot 1 in it (Multiboot Specification 0.6.96, "Header layout")."""
    start, magic = 0x200000, 0x1BADB002
    image = bytearray(0x2000)
    struct.pack_into("<16sHHIIIIIHHHHHH", image, 0, b"\x7fELF\1\1\1", 2, 3, 1, start, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    struct.pack_into("<8I", image, 52, 1, 0x1000, start, start, 0x1000, 0x1000, 7, 0x1000)
    struct.pack_into("<3I", image, 0x1000, magic, 0, -magic & 0xFFFFFFFF)
    return bytes(image)


def bzimage(text=b"vmlinux " * 600, cmdline_size=2047, init_size=0x100000):
    """A bzImage of protocol 2.15 whose checksum is right."""
    payload = gzip.compress(text, 0, mtime=0)  # stored: the same size everywhere
    code = (PAYLOAD + len(payload) + 4 + 15) // 16 * 16
    image = bytearray(SETUP_SIZE + code)

    def put(fmt, at, value):
        struct.pack_into("<" + fmt, image, at, value)

    put("B", 0x1F1, 4)  # setup_sects
    put("I", 0x1F4, code // 16)  # syssize
    put("H", 0x1FE, 0xAA55)
    put("H", 0x200, 0x6AEB)
    image[HEADER:HEADER + 4] = b"HdrS"
    put("H", VERSION, 0x020F)
    put("H", 0x20E, 0x100)  # kernel_version at 0x300
    put("B", 0x211, 1)  # LOADED_HIGH
    put("I", 0x214, 0x100000)
    put("I", 0x22C, 0x7FFFFFFF)  # initrd_addr_max
    put("I", 0x230, 0x200000)  # kernel_alignment
    put("B", 0x234, 1)  # relocatable
    put("B", 0x235, 21)
    put("H", XLOADFLAGS, 0x7F)
    put("I", CMDLINE_SIZE, cmdline_size)
    put("I", 0x248, PAYLOAD)
    put("I", 0x24C, len(payload))
    put("Q", 0x258, 0x1000000)  # pref_address
    put("I", INIT_SIZE, init_size)
    put("I", 0x264, 0x300)  # handover_offset
    version = b"6.1.0-1-test (somebody@nowhere) #1 SMP\0"
    image[0x300:0x300 + len(version)] = version
    image[SETUP_SIZE + PAYLOAD:SETUP_SIZE + PAYLOAD + len(payload)] = payload
    # The kernel's own tool stores the sum without the final inversion.
    put("I", len(image) - 4, zlib.crc32(image[:-4]) ^ 0xFFFFFFFF)
    return bytes(image)


def machine(root: pathlib.Path):
    """A BIOS machine with 1 GiB, as root sees it."""
    files = {
        "proc/cmdline": "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet\n",
        "proc/iomem": "00001000-0009fbff : System RAM\n"
                      "0009fc00-0009ffff : Reserved\n"
                      "00100000-3ffdffff : System RAM\n"
                      "  01000000-02000000 : Kernel code\n"
                      "3ffe0000-3fffffff : Reserved\n",
        "proc/meminfo": "MemTotal:        1000000 kB\nMemAvailable:     900000 kB\n",
        "proc/cpuinfo": "vendor_id\t: AuthenticAMD\nflags\t\t: fpu lm\n",
        "proc/self/status": "CapEff:\t000001ffffffffff\nNSpid:\t1\n",
        "proc/self/uid_map": "         0          0 4294967295\n",
        "proc/self/mountinfo": "1 0 254:1 / / rw - ext4 /dev/vda1 rw\n",
        "proc/sys/kernel/osrelease": "6.1.0-1-test\n",
        "proc/sys/kernel/arch": "x86_64\n",
        "proc/sys/kernel/kexec_load_disabled": "0\n",
        "boot/config-6.1.0-1-test": "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_RELOCATABLE=y\n",
        "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
        "sys/kernel/kexec_loaded": "0\n",
        "sys/kernel/kexec_crash_loaded": "0\n",
        "sys/kernel/kexec_crash_size": "0\n",
    }
    memmap = [(0x0, 0x9fbff, "System RAM"), (0x9fc00, 0x9ffff, "Reserved"),
              (0x100000, 0x3ffdffff, "System RAM"), (0x3ffe0000, 0x3fffffff, "Reserved")]
    for i, (start, end, kind) in enumerate(memmap):
        files[f"sys/firmware/memmap/{i}/start"] = f"{start:#x}\n"
        files[f"sys/firmware/memmap/{i}/end"] = f"{end:#x}\n"
        files[f"sys/firmware/memmap/{i}/type"] = kind + "\n"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root
