#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench: load time, memory and downtime, ours beside kexec-tools'."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import guests
import native
import phases
import report
from lab import assets, guard, tool, vmlinux

ROOT = Path(__file__).resolve().parent.parent
CASES = ("i", "ii", "iii")


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/run.py", description=__doc__,
        epilog="Without --case and --row everything is measured, and docs/bench.svg is drawn anew.")
    parser.add_argument("--case", action="append", choices=CASES, dest="cases")
    parser.add_argument("--row", "--tool", action="append", choices=guests.ROWS, dest="rows")
    parser.add_argument("--binary", type=Path, default=tool.BUILD.absolute() / "tools/kexec",
                        help="our command (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of each row with a goal (default: 3)")
    parser.add_argument("--places", type=int, default=8, help="more loads, each with random numbers"
                        " of its own, which put the kernel elsewhere (default: 8)")
    parser.add_argument("--no-peak", action="store_true", help="leave out the run for memory")
    parser.add_argument("--no-phases", action="store_true", help="leave out the breakdown")
    parser.add_argument("--native", action="store_true",
                        help="measure what is our own work on this machine's processor, too")
    parser.add_argument("--json", type=Path, help="default, when everything is measured: "
                        "bench.json in the build directory")
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    if not options.cases and not options.rows:
        options.native = True
        options.json = options.json or tool.BUILD.absolute() / "bench.json"
        options.svg = options.svg or ROOT / "docs/bench.svg"
    return options


def must_create(wanted, holds):
    """The bytes among those held by the kernel that are in no file, so that the command made them.

    Which of kernel and initrd were unpacked is told by the sum.
    """
    image = wanted.kernel.read_bytes()
    elf = vmlinux.extract(image)
    whole = report.Sizes(len(image), phases.loaded_bytes(elf), len(elf),
                         len(wanted.initrd), guests.unpacked_size(wanted.initrd))
    return whole.created(holds)


class Bench:
    """What all measurements share."""

    def __init__(self, folder, options):
        self.options, self.folder = options, folder
        self.program = guests.build(folder)
        self.plugin = None if options.no_phases else phases.build(folder)

    def case(self, name):
        return guests.case(name, self.program)

    def _jump(self, row, wanted, run):
        """One load and one jump; the first run is taken apart."""
        plugin = None
        if self.plugin and run == 1:
            plugin = phases.Plugin(self.plugin, self.folder, self.program, wanted.kernel)
        said = guests.jump(self.program, row, self.options.binary, wanted,
                           plugin.arguments if plugin else ())
        result = {
            "downtime_ms": (int(said.first("init")[0]) - int(said.first("exec")[0])) / 1e6,
            "load_ms": int(said.first("load")[1]) / 1e6,
            "kernel_holds_kb": int(said.first("load")[2]),
            "release": said.first("release")[0],
            "cmdline": " ".join(said.first("cmdline")),
            "text": said.first("symbol")[1],
        }
        if plugin:
            parts = result["phases_ms"] = plugin.read()
            if abs(sum(parts.values()) / result["downtime_ms"] - 1) > report.REPEATS:
                raise guests.BenchFailed(f"phases do not add up to {result['downtime_ms']}: {parts}")
        return result

    def measure(self, row, wanted):
        """All runs of a row in a case."""
        if row.firmware:
            return {"runs": [{"downtime_ms": guests.reset(wanted, row.firmware) / 1e6}]}
        runs = 1 if row.informative else self.options.runs
        result = {"runs": [self._jump(row, wanted, run + 1) for run in range(runs)]}
        if row.name in report.LOAD_JUDGED:
            # The runs have 1 for their seed.
            result["places_ms"] = [
                guests.load(self.program, row, self.options.binary, wanted, 2 + i) / 1e6
                for i in range(self.options.places)]
        if not self.options.no_peak:
            result["peak_kb"] = guests.peak(self.program, row, self.options.binary, wanted)
        if "peak_kb" in result and not row.suite and not row.by_file():
            result["created_kb"] = must_create(wanted, result["runs"][0]["kernel_holds_kb"])
        return result


def measure_all(bench, options):
    """{case: {row: result or {"failed": why}}}, each row printed as soon as it is there."""
    results = {}
    for name in options.cases or CASES:
        wanted = bench.case(name)
        print(f"({name}) {wanted.title}, {wanted.memory}\n{report.HEAD}", flush=True)
        rows = results[name] = {}
        for row in guests.ROWS.values():
            asked = row.name in options.rows if options.rows else name in row.cases
            if not asked:
                continue
            started = time.monotonic()
            try:
                rows[row.name] = bench.measure(row, wanted)
            except guests.BenchFailed as error:
                rows[row.name] = {"failed": str(error)}
            rows[row.name]["wall_s"] = round(time.monotonic() - started)
            print(report.line(row.name, rows), flush=True)
        print(flush=True)
    return results


def main():
    guard.protect_host()
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="kexec-bench-") as folder:
        results = measure_all(Bench(Path(folder), options), options)
    print(report.breakdown(results))
    text, met = report.verdict(results)
    print(text)
    everything = {"guests": results}
    if options.native:
        everything["native"] = native.measure_all()
        print("\n".join(["", native.HEAD, *map(native.line, *zip(*everything["native"].items()))]))
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    if options.svg:
        options.svg.write_text(report.svg(results), encoding="utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (assets.AssetMissing, AssertionError) as error:
        sys.exit(f"bench: {error}")
