# SPDX-License-Identifier: GPL-2.0-or-later
"""What options add up to, and every operation that follows, in its order."""

import errno

import pytest

FAILED = 255
LOAD = ["kexec_load entry=set count=some flags=0x3e0000"]
EXEC = ["lock_memory", "sync", "interfaces_down", "reboot_kexec"]


def test_force_loads_and_starts(kexec):
    assert kexec("-f", kexec.kernel).log == LOAD + EXEC


def test_no_action_loads_and_asks_init(kexec):
    result = kexec(kexec.kernel)
    assert result.status == 0
    assert result.log == LOAD + ["run shutdown -r now"]


def test_nothing_follows_a_failed_load(kexec):
    kexec.fail = f"kexec_load={errno.EPERM}"
    assert kexec("-f", kexec.kernel).log == LOAD
    assert kexec(kexec.kernel).log == LOAD


def test_init_that_cannot_be_asked(kexec):
    kexec.fail = f"run={errno.ENOENT}"
    result = kexec(kexec.kernel)
    assert result.status == FAILED
    assert "cannot ask init for a reboot: shutdown: No such file or directory" in result.err


@pytest.mark.parametrize("options,log", [
    (["-e", "-y"], ["lock_memory", "interfaces_down", "reboot_kexec"]),
    (["-e", "-x"], ["lock_memory", "sync", "reboot_kexec"]),
    (["-x", "-y", "-e"], ["lock_memory", "reboot_kexec"]),
    (["-l", "-e"], EXEC),
])
def test_exec(kexec, options, log):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    result = kexec(*options)
    assert result.status == 0
    assert result.log == log


@pytest.mark.parametrize("options", [["-e", "-l"], ["-f", "-l"]])
def test_the_last_action_counts(kexec, options):
    result = kexec(*options, kexec.kernel)
    assert result.status == 0
    assert result.log == LOAD


def test_exec_with_nothing_loaded_touches_nothing(kexec):
    result = kexec("-e")
    assert (result.status, result.log) == (1, [])
    assert result.err == "kexec: nothing is loaded; load a kernel first with `kexec --load KERNEL`\n"


def test_newer_path_of_what_is_loaded_comes_first(kexec):
    kexec.change(sys__kernel__kexec__loaded="1\n")
    assert kexec("-e").log == EXEC


def test_exec_needs_no_proc_and_no_sys(kexec):
    for folder in "proc", "sys":
        (kexec.root / folder).rename(kexec.root / f"no-{folder}")
    assert kexec("-e").log == EXEC


def test_exec_that_comes_back(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    for code, words in ((errno.EINVAL, "PID namespace"), (errno.EPERM, "CAP_SYS_BOOT is missing; run as root")):
        kexec.fail = f"reboot_kexec={code}"
        result = kexec("-e")
        assert result.status == FAILED
        assert words in result.err


def test_what_is_best_effort_before_the_jump(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    kexec.fail = f"lock_memory={errno.ENOMEM},interfaces_down={errno.EPERM}"
    assert kexec("-e").log == EXEC


def test_root_on_a_disk_behind_the_network_keeps_its_interfaces(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n",
                 proc__self__mountinfo="1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
    block = kexec.root / "sys/dev/block"
    block.mkdir(parents=True, exist_ok=True)
    (block / "8:1").symlink_to("../../devices/platform/host7/session1/target7:0:0/7:0:0:1/block/sda/sda1")
    result = kexec("-e")
    assert "interfaces_down" not in result.log
    assert result.err == "kexec: the root file system is on the network: its interfaces stay up\n"


def test_root_on_the_network_keeps_its_interfaces_and_says_so(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    kexec.env["KX_FAKE_NETWORK"] = "1"
    result = kexec("-e")
    assert result.log == ["lock_memory", "sync", "reboot_kexec"]
    assert result.err == "kexec: the root file system is on the network: its interfaces stay up\n"
    assert kexec("-e", "-x").err == ""


# ---- unload ----------------------------------------------------------------------------------------------------------

def test_unload(kexec):
    kexec.change(sys__kernel__kexec_loaded="1\n")
    result = kexec("-u")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert result.log == ["kexec_load entry=0 count=0 flags=0"]
    assert not kexec.loaded()


def test_unload_the_kernel_for_a_panic(kexec):
    for order in ["-p", "-u"], ["-u", "-p"]:
        result = kexec(*order)
        assert result.status == 0
        assert result.log == ["kexec_load entry=0 count=0 flags=0x1"]


def test_unload_under_lockdown(kexec):
    kexec.fail = f"kexec_load={errno.EPERM}"
    result = kexec("-u")
    assert result.status == 0
    assert result.log == ["kexec_load entry=0 count=0 flags=0",
                          "kexec_file_load kernel=none initrd=none cmdline=none flags=0x1"]


def test_unload_that_fails(kexec):
    kexec.fail = f"kexec_load={errno.EPERM},kexec_file_load={errno.EPERM}"
    result = kexec("-u")
    assert result.status == FAILED
    assert result.err.startswith("kexec: cannot unload: ") and "CAP_SYS_BOOT" in result.err


def test_unload_and_load(kexec):
    assert kexec("-u", "-l", kexec.kernel).log == ["kexec_load entry=0 count=0 flags=0"] + LOAD


# ---- status and the crash kernel's size ----------------------------------------------------------------------------------

@pytest.mark.parametrize("loaded,crash,options,status", [
    (0, 0, ["-S"], 0), (1, 0, ["-S"], 0), (0, 1, ["-S"], 1), (1, 0, ["-S", "-l"], 1), (0, 1, ["-S", "-l"], 0),
    (1, 0, ["-l", "-S"], 1), (0, 1, ["-S", "-p"], 1), (1, 0, ["-S", "-l", "-p"], 0), (0, 1, ["-S", "-u"], 1),
    (0, 1, ["-S", "-e"], 1),
])
def test_status(kexec, loaded, crash, options, status):
    kexec.change(sys__kernel__kexec_loaded=f"{loaded}\n", sys__kernel__kexec_crash_loaded=f"{crash}\n")
    result = kexec(*options)
    assert (result.status, result.out, result.err, result.log) == (status, "", "", [])


def test_status_that_is_not_known(kexec):
    kexec.change(sys__kernel__kexec_crash_loaded=None)
    result = kexec("-S")
    assert result.status == FAILED
    assert "cannot tell" in result.err


def test_print_ckr_size(kexec):
    assert kexec("--print-ckr-size").out == "0\n"
    kexec.change(sys__kernel__kexec_crash_size="134217728\n")
    result = kexec("--print-ckr-size", "--bogus")
    assert (result.status, result.out) == (0, "134217728\n")
    kexec.change(sys__kernel__kexec_crash_size=None)
    assert kexec("--print-ckr-size").out == "0\n"
