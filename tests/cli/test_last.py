# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec last, on a machine whose counter runs at 2 GHz: purgatory from tick 1000 million to 1100 million."""

import json
import struct
import xml.etree.ElementTree as ET

import pytest

ALL_KNOWN, NOT_ALL, NO_JUMP, ERROR = range(4)
NODE = "sys/kernel/boot_params/setup_data/1"
MAGIC, TYPE = 0x3153454D4954584B, 0x4B585431
MILLION = 1000000

LOG = """<5>[    0.000000] Linux version 6.1.0
<6>[    0.000000] tsc: Detected 1999.000 MHz processor
<6>[    0.400000] tsc: Refined TSC clocksource calibration: 2000.000 MHz
<6>[    0.700000] Run /nothing as init process
<6>[    0.800000] Run /sbin/init as init process
<12>[    1.000000] systemd[1]: Reached target Local File Systems.
<30>[    2.050000] systemd[1]: Startup finished in 800ms (kernel) + 1.250s (userspace) = 2.050s.
"""


def times(loaded=500 * MILLION, entered=1000 * MILLION, left=1100 * MILLION, magic=MAGIC):
    return struct.pack("<QQQQ", magic, loaded, entered, left)


@pytest.fixture
def jumped(kexec):
    """The running kernel's clock began 300 ms after purgatory's end, and shows 5 s now."""

    def put(path, data):
        path = kexec.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    kexec.put = put
    put(f"{NODE}/type", f"{TYPE:#x}\n")
    put(f"{NODE}/data", times())
    put("kexec-next/log", LOG)
    put("kexec-next/clock", f"{(1100 + 600 + 10000) * MILLION} 5000000000\n")
    put("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n")
    put("var/lib/kexec/last", f"{600 * MILLION} 1700000000\n")
    return kexec


def phases(kexec, status):
    result = kexec("last", "--json")
    assert (result.status, result.err) == (status, "")
    answer = json.loads(result.out)
    assert answer["schema"] == 1
    found = {phase["name"]: phase["ns"] for phase in answer["phases"]}
    assert list(found) == ["shutdown", "jump", "kernel", "init"]
    assert answer["known_ns"] == sum(ns for ns in found.values() if ns)
    for phase in answer["phases"]:
        assert (phase["ns"] is None) == bool(phase["why_unknown"])
    return [ns and ns // MILLION for ns in found.values()]


def test_all_is_known(jumped):
    assert phases(jumped, ALL_KNOWN) == [200, 50, 1100, 1250]
    assert jumped("last").out == ("shutdown    200.000 ms\njump        50.000 ms\nkernel      1100.000 ms\n"
                                  "init        1250.000 ms\nin all      2600.000 ms\n")


def test_exec_left_nothing(jumped):
    (jumped.root / "var/lib/kexec/last").unlink()
    assert phases(jumped, NOT_ALL) == [None, 50, 1100, 1250]
    result = jumped("last")
    assert "shutdown    unknown: " in result.out and "in all      at least 2400.000 ms" in result.out


@pytest.mark.parametrize("note", ["499999999 1", "1000000001 1", "", "x", "-1 1"])
def test_note_of_another_jump(jumped, note):
    jumped.put("var/lib/kexec/last", note)
    assert phases(jumped, NOT_ALL)[0] is None


def test_log_that_says_nothing(jumped):
    jumped.put("kexec-next/log", "garbage\n[x\n[1.5]\n[ 1.000000] \n[1.]\n" + "\n".join(LOG.splitlines()[:3]))
    assert phases(jumped, NOT_ALL) == [200, 50, None, None]
    jumped.put("kexec-next/log", LOG.replace("Startup", "Shutdown"))
    assert phases(jumped, NOT_ALL) == [200, 50, 1100, None]


def test_unknown_rate(jumped):
    jumped.put("kexec-next/log", LOG.replace("tsc", "tcs"))
    assert phases(jumped, NOT_ALL) == [None, None, None, 1250]
    (jumped.root / "kexec-next/log").unlink()
    assert phases(jumped, NOT_ALL) == [None, None, None, None]


def test_clock_that_cannot_be(jumped):
    """The counter went back, or ran less far than the clock: a machine that slept."""
    for clock in f"{1000 * MILLION} 5000000000", f"{1200 * MILLION} 5000000000":
        jumped.put("kexec-next/clock", clock)
        assert phases(jumped, NOT_ALL) == [200, 50, None, 1250]


def why_kernel_unknown(kexec):
    assert phases(kexec, NOT_ALL) == [200, 50, None, 1250]
    return json.loads(kexec("last", "--json").out)["phases"][2]["why_unknown"]


def test_machine_that_slept(jumped):
    jumped.put("kexec-next/clock", f"{(1100 + 600 + 10000) * MILLION} 5000000000 1\n")
    assert "suspended" in why_kernel_unknown(jumped)


@pytest.mark.parametrize("seconds, known", [(41943, True), (41944, False)])
def test_long_uptime(jumped, seconds, known):
    """The kernel's factor from ticks to nanoseconds has 22 bits: 10 ms in 2^22 times as long."""
    jumped.put("kexec-next/clock", f"{(1100 + 600 + seconds * 2000) * MILLION} {seconds * 1000 * MILLION}\n")
    if known:
        assert phases(jumped, ALL_KNOWN) == [200, 50, 1100, 1250]
    else:
        assert "too long" in why_kernel_unknown(jumped)


@pytest.mark.parametrize("source", ["hpet\n", "", None])
def test_clock_that_is_not_the_counter(jumped, source):
    file = jumped.root / "sys/devices/system/clocksource/clocksource0/current_clocksource"
    if source is None:
        file.unlink()
    else:
        file.write_text(source)
    assert "not the time stamp counter" in why_kernel_unknown(jumped)


@pytest.mark.parametrize("data", [times(magic=1), times(entered=0, left=0), times(entered=1200 * MILLION), times()[:31],
                                  times() + b"\0", b""])
def test_node_that_cannot_be(jumped, data):
    jumped.put(f"{NODE}/data", data)
    result = jumped("last")
    assert (result.status, result.out) == (NO_JUMP, "")
    assert "was not started by kexec-next's kexec_load" in result.err


def test_other_nodes_and_none(jumped):
    jumped.put("sys/kernel/boot_params/setup_data/0/type", "0x9\n")
    jumped.put("sys/kernel/boot_params/setup_data/0/data", times())
    assert phases(jumped, ALL_KNOWN)[1] == 50
    jumped.put(f"{NODE}/type", "0x4\n")
    assert jumped("last").status == NO_JUMP


def test_plain_boot(kexec):
    assert kexec("last").status == NO_JUMP


def test_drawing(jumped):
    drawing = ET.fromstring(jumped("last", "--svg").out)
    bars = [float(r.get("x", 0)) for r in drawing.findall("{http://www.w3.org/2000/svg}rect")][1:]
    assert len(bars) == 4
    assert bars == sorted(bars)
    (jumped.root / "var/lib/kexec/last").unlink()
    text = jumped("last", "--svg").out
    ET.fromstring(text)
    assert ">unknown</text>" in text


def test_usage(jumped):
    assert jumped("last", "stray").status == ERROR
    assert jumped("last", "--json", "--svg").status == ERROR


def test_exec_leaves_the_time(kexec):
    """Only where there is a /var/lib to write to, and nothing may be waited for."""
    assert kexec("--load", kexec.kernel).status == 0
    note = kexec.root / "var/lib/kexec/last"
    assert kexec("--exec").status == 0
    assert not note.exists()
    (kexec.root / "var/lib").mkdir(parents=True)
    assert kexec("--exec", "--no-sync").status == 0
    assert not note.exists()
    assert kexec("--exec").status == 0
    ticks, seconds = map(int, note.read_text().split())
    assert ticks and seconds > 1700000000
