# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec crash: is there a crash kernel, and has it memory enough."""

import json

import pytest

YES, WARNINGS, NO, ERROR = range(4)
MIB = 1 << 20


@pytest.fixture
def ready(kexec):
    """A machine with 128 MiB for a crash kernel, which is loaded; settings as a server's should be."""
    kexec.change(**{
        "proc__cmdline": "root=/dev/vda1 crashkernel=0M-2G:128M,2G-:256M quiet crashkernel=128M\n",
        "proc__iomem": "00001000-0009fbff : System RAM\n"
                       "00100000-3ffdffff : System RAM\n"
                       "  01000000-02000000 : Kernel code\n"
                       "  30000000-37ffffff : Crash kernel\n"
                       "3ffe0000-3fffffff : Reserved\n",
        "sys__kernel__kexec_crash_size": f"{128 * MIB}\n",
        "sys__kernel__kexec_crash_loaded": "1\n",
        "proc__sys__kernel__panic_on_oops": "1\n",
        "proc__sys__kernel__panic": "-1\n",
        "proc__sys__kernel__unknown_nmi_panic": "1\n",
        "sys__module__kernel__parameters__crash_kexec_post_notifiers": "N\n",
    })
    return kexec


def status(kexec, exit_status):
    result = kexec("crash", "status", "--json")
    assert (result.status, result.err, result.log) == (exit_status, "", [])
    answer = json.loads(result.out)
    assert answer["schema"] == 1
    answer["settings"] = {s["name"]: (s["value"], s["note"]) for s in answer["settings"]}
    return answer


def test_ready(ready):
    answer = status(ready, YES)
    assert (answer["loaded"], answer["reserved"], answer["problem"]) == (True, 128 * MIB, None)
    assert answer["regions"] == [{"start": "0x30000000", "size": 128 * MIB}]
    assert answer["crashkernel"] == ["crashkernel=0M-2G:128M,2G-:256M", "crashkernel=128M"]
    assert answer["settings"]["kernel.panic_on_oops"] == (1, None)
    assert answer["settings"]["kernel.panic"] == (-1, None)
    assert answer["settings"]["crash_kexec_post_notifiers"] == (0, None)
    assert answer["settings"]["vm.panic_on_oom"] == (None, None)
    text = ready("crash", "status").out
    assert "loaded          yes\nreserved        128 MiB\n" in text
    assert "0x30000000-0x37ffffff  128 MiB\n" in text
    assert "asked for by    crashkernel=128M\n" in text
    assert "panic_on_oom" not in text and "problem" not in text


def test_two_regions(ready):
    ready.change(proc__iomem="00100000-3ffdffff : System RAM\n  30000000-3fefffff : Crash kernel\n"
                             "100000000-23fffffff : System RAM\n  1f0000000-1ffffffff : Crash kernel\n")
    assert [r["start"] for r in status(ready, YES)["regions"]] == ["0x30000000", "0x1f0000000"]


def test_hidden_addresses(ready):
    ready.change(proc__iomem="00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n")
    answer = status(ready, YES)
    assert (answer["regions"], answer["reserved"]) == ([], 128 * MIB)


@pytest.mark.parametrize("name, path, value, note", [
    ("kernel.panic_on_oops", "proc__sys__kernel__panic_on_oops", "0", "an oops that the kernel survives"),
    ("kernel.unknown_nmi_panic", "proc__sys__kernel__unknown_nmi_panic", "0", "an NMI from outside"),
    ("kernel.hung_task_panic", "proc__sys__kernel__hung_task_panic", "0", "a hung task"),
    ("kernel.panic_on_rcu_stall", "proc__sys__kernel__panic_on_rcu_stall", "0", "a stall of RCU"),
])
def test_what_makes_no_panic(ready, name, path, value, note):
    ready.change(**{path: value + "\n"})
    found = status(ready, YES)["settings"][name]
    assert found[0] == int(value) and note in found[1]
    assert note in ready("crash", "status").out


def test_notifiers_before_the_crash_kernel(ready):
    ready.change(sys__module__kernel__parameters__crash_kexec_post_notifiers="Y\n")
    answer = status(ready, WARNINGS)
    assert answer["settings"]["crash_kexec_post_notifiers"][0] == 1
    assert answer["problem"].startswith("crash_kexec_post_notifiers: ")


def test_not_loaded(ready):
    ready.change(sys__kernel__kexec_crash_loaded="0\n")
    answer = status(ready, NO)
    assert answer["loaded"] is False and "kexec -p" in answer["problem"]


def test_nothing_reserved(kexec):
    answer = status(kexec, NO)
    assert (answer["reserved"], answer["regions"], answer["crashkernel"]) == (0, [], [])
    assert "crashkernel=" in answer["problem"]


def test_nothing_known(kexec):
    kexec.change(sys__kernel__kexec_crash_loaded=None, sys__kernel__kexec_crash_size=None)
    answer = status(kexec, ERROR)
    assert (answer["loaded"], answer["reserved"]) == (None, None)


def test_damaged_setting(ready):
    """A captured machine's is an error; a running kernel's would only be unknown."""
    for text in "x", "99999999999", "-", "":
        ready.change(proc__sys__kernel__panic=text + "\n")
        result = ready("crash", "status")
        assert result.status == ERROR and "/proc/sys/kernel/panic" in result.err


@pytest.mark.parametrize("arguments", [[], ["stray"], ["status", "stray"], ["status", "--initrd=x"]])
def test_usage(ready, arguments):
    result = ready("crash", *arguments)
    assert (result.status, result.out) == (ERROR, "")
    assert "kexec crash --help" in result.err
