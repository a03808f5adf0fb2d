#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a load and a jump is our own work, on this machine's processor instead of a model of one.

Nothing is loaded: digests, decompression and plans for saved machines are computed.
"""

import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests/vm"))

from lab import assets, guard, tool, vmlinux  # noqa: E402

LIBRARIES = ("deflate", "lzma", "zstd", "lz4", "bz2", "lzo2", "json-c")
MACHINE = ROOT / "tests/data/machines/debian12-bios-q35"
RUNS = 5
HEAD = f"{'native':34}{'MB':>8}{'ms':>10}{'ns/byte':>10}{'instructions/byte':>19}"


def build(folder):
    path = folder / "native"
    library = tool.BUILD.absolute() / "libkexec/libkexec-internal.a"
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-I", str(ROOT), "-I", str(ROOT / "libkexec"), str(HERE / "native.c"),
                    str(library), *(f"-l{name}" for name in LIBRARIES), "-o", str(path)], check=True)
    return path


def instructions(argv):
    """How many the program executes, or None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    said = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, argv)],
        env={"BENCH_ONCE": "1"}, check=False, capture_output=True, text=True).stderr
    found = re.search(r"Collected : (\d+)", said)
    return int(found.group(1)) if found else None


def measure(argv, empty):
    """Bytes, ms and instructions of one operation; empty: the same program's on nothing."""
    size, ns = map(int, subprocess.run(argv, check=True, capture_output=True).stdout.split())
    count = instructions(argv)
    return {"bytes": size, "ms": ns / 1e6,
            "instructions": None if count is None or empty is None else max(0, count - empty)}


def _cpu_ms(argv):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def plan(kernel, *more):
    """CPU time and instructions of a whole plan, the process's start and end included."""
    argv = [tool.BUILD.absolute() / "tools/kexec", "plan", "-l", f"--machine={MACHINE}", kernel,
            "--command-line=quiet", *more]
    return {"bytes": None, "ms": min(_cpu_ms(argv) for _ in range(RUNS)),
            "instructions": instructions(argv)}


def measure_all():
    """{operation: figures}."""
    cloud, (kernel, initrd) = assets.kernel("6.1").image, assets.debian_installer()
    results = {}
    with tempfile.TemporaryDirectory(prefix="kexec-native-") as name:
        folder = Path(name)
        program = build(folder)
        (folder / "empty").write_bytes(b"")
        packed = {"lz4 (cloud kernel)": folder / "lz4", "xz (installer's kernel)": folder / "xz",
                  "gzip (installer's initrd)": initrd}
        for file, image in ((folder / "lz4", cloud), (folder / "xz", kernel)):
            # The last four bytes are the unpacked size (Documentation/arch/x86/boot.rst, payload_length).
            file.write_bytes(vmlinux.payload(image.read_bytes())[:-4])
        for kind in ("sha256", "crc32c", "madd"):
            empty = instructions([program, "digest", kind, folder / "empty"])
            results[f"digest {kind}"] = measure([program, "digest", kind, cloud], empty)
        for what, file in packed.items():
            # Reading the file and the program's start count little beside what is unpacked.
            results[f"unpack {what}"] = measure([program, "unpack", file], 0)
        results["plan, cloud kernel"] = plan(cloud)
        results["plan, installer's with initrd"] = plan(kernel, f"--initrd={initrd}")
    return results


def line(name, result):
    size, count = result["bytes"], result["instructions"]
    if count is None:
        counted = f"{'-':>19}"
    else:
        counted = f"{count / size:>19.2f}" if size else f"{count / 1e6:>10.1f} M in all"
    return (f"{name:34}{size / 1e6 if size else 0:>8.1f}{result['ms']:>10.2f}"
            + (f"{result['ms'] * 1e6 / size:>10.3f}" if size else f"{'-':>10}") + counted)


def main():
    guard.protect_host()
    print(HEAD)
    for name, result in measure_all().items():
        print(line(name, result))


if __name__ == "__main__":
    main()
