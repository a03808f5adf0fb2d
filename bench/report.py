# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark's results as a table, as a verdict on the goals, and as a drawing."""

import itertools
import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

import guests
import phases

BASE = "kexec-tools"
REPEATS = 0.005  # runs may differ by so much
PEAK_SPARE_KB = 6 << 10
# Ours divided by kexec-tools': {row: {case: at most}}; "mean" is the geometric one over the cases.
DOWNTIME_GOALS = {
    "ours": {"i": 0.33, "ii": 0.145, "iii": 0.10, "mean": 0.17},
    "ours-hints": {"i": 0.13, "ii": 0.08, "iii": 0.058, "mean": 0.085},
}
LOAD_GOALS = {"i": 0.15, "ii": 1.0, "iii": 0.05}
LOAD_JUDGED = ("ours",)

HEAD = (f"{'':20}{'downtime ms':>13}{'ratio':>8}{'load ms':>11}{'ratio':>8}"
        f"{'peak MB':>9}{'made MB':>9}{'kernel holds MB':>17}{'runs differ by, %':>19}")


@dataclass(frozen=True)
class Sizes:
    """Bytes of kernel and initrd as they are in their files, and unpacked.

    kernel_loaded is what of the unpacked kernel is loaded: without what nobody needs once it has started.
    """

    kernel: int
    kernel_loaded: int
    kernel_unpacked: int
    initrd: int
    initrd_unpacked: int

    def created(self, holds_kb):
        """kB that were made while loading, told by which forms add up best to what is held."""
        # Of ways that add up equally well min() takes the first: what is as it was in its file.
        ways = itertools.product(((self.kernel, 0), (self.kernel_loaded, self.kernel_unpacked)),
                                 ((self.initrd, 0), (self.initrd_unpacked, self.initrd_unpacked)))
        best = min(ways, key=lambda way: abs(sum(part[0] for part in way) - (holds_kb << 10)))
        return sum(part[1] for part in best) >> 10


def _median(result, key):
    values = sorted(run[key] for run in result["runs"] if key in run)
    return values[len(values) // 2] if values else None


def _spread(result, key):
    """The largest relative difference between runs, None when there is one."""
    values = [run[key] for run in result["runs"] if key in run]
    return max(values) / min(values) - 1 if len(values) > 1 else None


def ratio(rows, name, key):
    """Ours divided by kexec-tools', or None when one of them is not there."""
    if any("failed" in rows.get(row, {"failed": 1}) for row in (name, BASE)):
        return None
    value, base = (_median(rows[row], key) for row in (name, BASE))
    return None if value is None else value / base


def _loads(result):
    """Load times in ms by where chance put the kernel, sorted; the runs are at one place."""
    return sorted([_median(result, "load_ms"), *result.get("places_ms", ())])


def worst_load_ratio(rows, name):
    """As ratio(), by the slowest load."""
    usual = ratio(rows, name, "load_ms")
    if usual is None:
        return None
    return usual * _loads(rows[name])[-1] / _median(rows[name], "load_ms")


def _cell(value, width, decimals, scale=1.0):
    return f"{'-':>{width}}" if value is None else f"{value / scale:>{width}.{decimals}f}"


def line(name, rows):
    """One row of the table."""
    result = rows[name]
    if "failed" in result:
        return f"{name:20}  failed: {result['failed']}"
    loads = _loads(result) if "places_ms" in result else []
    places = (f"\n{'':20}of {len(loads)} loads by place, ms: min {loads[0]:.1f}, median "
              f"{loads[len(loads) // 2]:.1f}, max {loads[-1]:.1f}" if len(loads) > 1 else "")
    return (f"{name:20}{_cell(_median(result, 'downtime_ms'), 13, 1)}"
            f"{_cell(ratio(rows, name, 'downtime_ms'), 8, 3)}"
            f"{_cell(_median(result, 'load_ms'), 11, 1)}{_cell(ratio(rows, name, 'load_ms'), 8, 3)}"
            f"{_cell(result.get('peak_kb'), 9, 1, 1024)}{_cell(result.get('created_kb'), 9, 1, 1024)}"
            f"{_cell(_median(result, 'kernel_holds_kb'), 17, 1, 1024)}"
            f"{_cell(_spread(result, 'downtime_ms'), 10, 2, 0.01)}"
            f"{_cell(_spread(result, 'load_ms'), 9, 2, 0.01)}{places}")


def _phases(result):
    return next((run["phases_ms"] for run in result.get("runs", []) if "phases_ms" in run), None)


def breakdown(results):
    """Where the downtime of each row goes, in ms."""
    lines = []
    for case, rows in results.items():
        taken = {name: _phases(result) for name, result in rows.items() if _phases(result)}
        if taken:
            lines.append(f"({case}) downtime, ms".ljust(24) + "".join(f"{n:>20}" for n in taken))
        for phase in phases.ORDER if taken else ():
            cells = (_cell(parts.get(phase), 20, 1) for parts in taken.values())
            lines.append(f"  {phase:22}" + "".join(cells))
        lines += [""] if taken else []
    return "\n".join(lines)


def _mean(results, name):
    ratios = [ratio(results.get(case, {}), name, "downtime_ms") for case in ("i", "ii", "iii")]
    return None if None in ratios else math.prod(ratios) ** (1 / 3)


def _judgements(results):
    """(what, found, at most) of each goal; found is None when it was not measured."""
    for name, goals in DOWNTIME_GOALS.items():
        for case in results:
            yield f"downtime {name} ({case})", ratio(results[case], name, "downtime_ms"), goals[case]
        yield f"downtime {name}, geometric mean", _mean(results, name), goals["mean"]
    for case, rows in results.items():
        yield (f"load time ours ({case}), the slowest", worst_load_ratio(rows, "ours"),
               LOAD_GOALS[case])
        over = rows.get("ours", {})
        if "peak_kb" in over:
            over = (over["peak_kb"] - over["created_kb"]) / 1024
            yield f"peak RssAnon over what must be made, MB, ours ({case})", over, PEAK_SPARE_KB >> 10
        for name, result in rows.items():
            for key in ("downtime_ms", "load_ms") if "runs" in result else ():
                if _spread(result, key) is not None:
                    yield f"runs differ by, {key[:-3]}, {name} ({case})", _spread(result, key), REPEATS


def verdict(results):
    """(the goals as text, whether every one that was measured is met)."""
    lines, met = [], True
    for what, found, limit in _judgements(results):
        if found is None:
            lines.append(f"  ?       {what}: not measured, at most {limit}")
            continue
        good = found <= limit
        met = met and good
        lines.append(f"  {'met' if good else 'MISSED':6}  {what}: {found:.4f}, at most {limit}")
    return "goals\n" + "\n".join(lines), met


COLOURS = ("#5f6b7a", "#c9a227", "#c0392b", "#e67e22", "#7fb069", "#2e86ab", "#8e6c8a", "#14746f")
DRAWN = (BASE, "ours", "ours-hints")
LABELS = {"ours": "kexec-next", "ours-hints": "kexec-next, hints"}
WIDTH, LEFT, RIGHT, BAR, GAP = 900, 150, 90, 22, 6


def _text(x, y, text, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{escape(text)}</text>'


def _bar(y, name, parts, scale):
    yield _text(LEFT - 8, y + 15, LABELS.get(name, name), 'text-anchor="end"')
    x = float(LEFT)
    for phase, colour in zip(phases.ORDER, COLOURS):
        width = parts.get(phase, 0) * scale
        if width > 0:
            yield (f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}">'
                   f"<title>{escape(phase)}: {parts[phase]:.1f} ms</title></rect>")
        x += width
    yield _text(x + 6, y + 15, f"{sum(parts.values()):.0f} ms")


def _legend(y):
    for number, (phase, colour) in enumerate(zip(phases.ORDER, COLOURS)):
        x, row = LEFT + number % 4 * 165, y + number // 4 * 20
        yield f'<rect x="{x}" y="{row}" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 18, row + 11, phase)


def svg(results):
    """A bar for each row, each case on a scale of its own, as long as kexec-tools takes."""
    body, y = [], 16
    for case, rows in results.items():
        drawn = {name: _phases(rows[name]) for name in DRAWN if _phases(rows.get(name, {}))}
        if not drawn:
            continue
        longest = max(sum(parts.values()) for parts in drawn.values())
        body.append(_text(LEFT, y + 12, f"({case}) {guests.TITLES[case]}", 'font-weight="bold"'))
        y += 20
        for name, parts in drawn.items():
            body += _bar(y, name, parts, (WIDTH - LEFT - RIGHT) / longest)
            y += BAR + GAP
        y += 12
    body += _legend(y)
    height = y + 48
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="13" fill="#222" role="img">\n'
            "<!-- SPDX-License-Identifier: GPL-2.0-or-later; drawn by make bench -->\n"
            "<title>Downtime from the exec to the first instruction of /init</title>\n"
            f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>\n'
            + "\n".join(body) + "\n</svg>\n")
