#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench: load time, memory and downtime, ours beside kexec-tools'."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import guests
from lab import assets, guard, tool


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    parser.add_argument("--case", action="append", choices=("i", "ii", "iii"), dest="cases")
    parser.add_argument("--tool", action="append", choices=guests.TOOLS, dest="tools")
    parser.add_argument("--binary", type=Path, default=tool.BUILD.absolute() / "tools/kexec",
                        help="our command (default: %(default)s)")
    parser.add_argument("--no-peak", action="store_true", help="leave out the run for memory")
    return parser.parse_args()


def measure(program, command, binary, wanted, with_peak):
    started = time.monotonic()
    report = guests.jump(program, command, binary, wanted)
    result = {
        "downtime_ms": (int(report.first("init")[0]) - int(report.first("exec")[0])) / 1e6,
        "load_ms": int(report.first("load")[1]) / 1e6,
        "kernel_holds_kb": int(report.first("load")[2]),
        "release": report.first("release")[0],
        "cmdline": " ".join(report.first("cmdline")),
        "text": report.first("symbol")[1],
    }
    if with_peak:
        result["peak_kb"] = guests.peak(program, command, binary, wanted)
    result["wall_s"] = round(time.monotonic() - started)
    return result


def shown(result):
    if isinstance(result, str):
        return result
    return ", ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
                     for key, value in result.items())


def main():
    guard.protect_host()
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="kexec-bench-") as folder:
        program = guests.build(Path(folder))
        for name in options.cases or ("i", "ii", "iii"):
            wanted = guests.case(name, program)
            for row in options.tools or guests.TOOLS:
                try:
                    result = measure(program, guests.TOOLS[row], options.binary, wanted,
                                     not options.no_peak)
                except guests.BenchFailed as error:
                    result = f"failed: {error}"
                print(f"({name}) {row:20}", shown(result), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (assets.AssetMissing, AssertionError) as error:
        sys.exit(f"bench: {error}")
