# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of scripts/check that runs when everything is installed: build, test, count."""

import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/vm"))

from lab import guard  # noqa: E402

ALLOWED_SKIPS = ROOT / "tests/allowed-skips"
SUITES = ("build", "format", "tidy", "man", "unit", "cli", "fuzz", "package", "vm", "payloads", "long")
# Of tests/vm, whose other files are the suite vm.
PAYLOAD_FILES = ("test_bios_payloads.py", "test_containers.py", "test_elf.py", "test_multiboot.py",
                 "test_uefi_payloads.py")
CLANG_FORMAT = "14"  # another version breaks lines elsewhere
TASK_TIMEOUT = 1200  # seconds; a guest's own waits end long before
LONG_TIMEOUT = 6 * 3600  # where tests marked long are run (tests/vm/lab/long.py)
MEMORY_PER_JOB = 3 << 30  # bytes; the largest guests touch about this much

# One folder for each way of building; the clang one also says what gcc does not.
BUILDS = {
    "gcc": ("gcc", []),
    "clang": ("clang", []),
    "sanitizers": (
        "clang",
        ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
         "-Dc_args=-fno-sanitize-recover=all"],
    ),
}

# Files whose tests share one guest stay together.
SHARED_GUEST = ("test_corruption.py", "test_crash_clients.py", "test_purgatory.py", "test_refusals.py")

# What takes longest starts first, so that nothing long is left to run alone at the end.
LONG = ("long:test_installation", "vm:test_chain", "vm:test_live", "vm:test_installer", "vm:test_corruption", "cli",
        "vm:test_handover", "vm:test_systemd", "package", "vm:test_initrds", "payloads:test_containers")


@dataclass
class Outcome:
    """What came of one test: passed, failed or skipped."""

    name: str
    status: str
    seconds: float = 0.0
    detail: str = ""


@dataclass
class Task:
    """Something that runs beside others; it yields one or more outcomes."""

    name: str
    run: object
    arguments: list = field(default_factory=list)

    def outcomes(self):
        try:
            return self.run(*self.arguments)
        except subprocess.TimeoutExpired as late:
            return [Outcome(self.name, "failed", detail=f"no end within {late.timeout} s")]
        except Exception as error:  # a defect of the check itself must not hide a result
            return [Outcome(self.name, "failed", detail=f"scripts/check: {error!r}")]


def folder(build):
    return ROOT / f"build-check-{build}"


def command(*argv, **more):
    """Run a command with nothing on its input; return it with its output in one text."""
    return subprocess.run(
        [str(word) for word in argv], check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        **{"timeout": TASK_TIMEOUT, **more},
    )


def by_status(name, *argv, **more):
    """One outcome from the exit status of a command."""
    start = time.monotonic()
    done = command(*argv, **more)
    status = "failed" if done.returncode else "passed"
    return [Outcome(name, status, time.monotonic() - start, done.stdout)]


# --- building ------------------------------------------------------------------------------------


def configure(build):
    compiler, options = BUILDS[build]
    if (folder(build) / "build.ninja").exists():
        return None
    done = command("meson", "setup", folder(build), "-Dwerror=true", *options,
                   env=dict(os.environ, CC=compiler))
    return done.stdout if done.returncode else None


def compile_build(build):
    """Configure and compile one of BUILDS."""
    name, start = f"build:{build}", time.monotonic()
    failed = configure(build)
    if failed:
        return [Outcome(name, "failed", detail=failed)]
    outcome = by_status(name, "ninja", "-C", folder(build), "all", "meson-test-prereq")[0]
    outcome.seconds = time.monotonic() - start
    return [outcome]


# --- what needs no test runner -------------------------------------------------------------------


def sources(*patterns):
    listed = command("git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--", *patterns)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def check_format():
    version = command("clang-format", "--version").stdout
    if f"version {CLANG_FORMAT}." not in version:
        return [Outcome("format:clang-format", "skipped",
                        detail=f"needs clang-format {CLANG_FORMAT}, found {version.strip()}")]
    return by_status("format:clang-format", "clang-format", "--dry-run", "-Werror",
                     *sources("*.c", "*.h"))


def check_tidy(source):
    return by_status(f"tidy:{source}", "clang-tidy", "--quiet", "-p", folder("clang"), source)


def check_man(page):
    return by_status(f"man:{page}", "mandoc", "-T", "lint", "-W", "warning", page)


# --- meson's tests -------------------------------------------------------------------------------


def list_meson(suite):
    """The names of the unit tests, or of those in meson's suite called fuzz."""
    chosen = ["--suite", "fuzz"] if suite == "fuzz" else ["--no-suite", "fuzz", "--no-suite", "cli"]
    listed = command("meson", "test", "-C", folder("sanitizers"), "--no-rebuild", "--list", *chosen)
    names = [line.split("/")[-1].strip() for line in listed.stdout.splitlines()]
    # meson prints "project:suite / name" or the name alone, and messages of its own.
    return [name for name in names if re.fullmatch(r"[\w.-]+", name)]


MESON_STATUS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def run_meson(suite, names):
    logbase = f"check-{suite}"
    command("meson", "test", "-C", folder("sanitizers"), "--no-rebuild", "--logbase", logbase, *names)
    outcomes = []
    log = folder("sanitizers") / "meson-logs" / f"{logbase}.json"
    for line in log.read_text(encoding="utf-8").splitlines():
        test = json.loads(line)
        detail = (test.get("stdout") or "") + (test.get("stderr") or "")
        status = MESON_STATUS.get(test["result"], "failed")
        name = test["name"].split("/")[-1].strip()
        outcomes.append(Outcome(f"{suite}:{name}", status, test["duration"], detail))
    return outcomes


# --- fuzzers -------------------------------------------------------------------------------------

FUZZ_SECONDS = 5  # for each fuzzer, beside the replay of its corpus


def list_fuzzers():
    names = [Path(path).name for path in (folder("sanitizers") / "tests/fuzz").glob("fuzz_*")]
    return sorted(name for name in names if "." not in name)


def run_fuzzer(name):
    """
    Inputs from libFuzzer for a few seconds, begun from the corpus. They are the same in each run, or else a change would be
    refused for what another one did: what is new, tests/fuzz/run.sh looks for.
    """
    parser = name.removeprefix("fuzz_")
    built = folder("sanitizers") / "tests/fuzz"
    seeds = [path for path in (built / "seeds" / parser, ROOT / "tests/fuzz/corpus" / parser)
             if path.is_dir()]
    with tempfile.TemporaryDirectory() as learned:
        return by_status(f"fuzz:{name}", built / name, f"-max_total_time={FUZZ_SECONDS}",
                         "-seed=1", "-timeout=10", f"-artifact_prefix={built}/", learned, *seeds)


# --- pytest's tests ------------------------------------------------------------------------------


def pytest(*argv):
    environment = dict(
        os.environ, PYTHONDONTWRITEBYTECODE="1",
        KX_BUILD=str(folder("sanitizers")), KEXEC_BUILD_DIR=str(folder("gcc")),
    )
    return command("/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", *argv, env=environment,
                   timeout=LONG_TIMEOUT if os.environ.get("KEXEC_TEST_LONG") == "1" else TASK_TIMEOUT)


def list_pytest(folder, *chosen):
    listed = pytest("--collect-only", "-q", *chosen, f"tests/{folder}")
    names = [line.split("/", 2)[-1] for line in listed.stdout.splitlines() if "::" in line]
    if not names or listed.returncode:
        raise RuntimeError(f"pytest cannot collect tests/{folder}:\n{listed.stdout}")
    return names


def outcome_of(suite, case):
    """An outcome from one testcase element of pytest's JUnit report."""
    name = f"{suite}:{case.get('classname').rsplit('.', 1)[-1]}.py::{case.get('name')}"
    seconds, status, detail = float(case.get("time")), "passed", ""
    for child in case:
        if child.tag in ("failure", "error"):
            status, detail = "failed", detail + (child.text or "")
        elif child.tag == "skipped":
            status, detail = "skipped", child.get("message", "")
    if status == "failed":
        detail += "".join(child.text or "" for child in case if child.tag == "system-out")
    return Outcome(name, status, seconds, detail)


def run_pytest(suite, names):
    folder = "vm" if suite in ("payloads", "long") else suite
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary, "report.xml")
        done = pytest("-q", f"--junitxml={report}", "-o", "junit_family=xunit1", "-o",
                      "junit_logging=system-out", *[f"tests/{folder}/{name}" for name in names])
        if done.returncode not in (0, 1) or not report.exists():  # neither passed nor failed
            return [Outcome(f"{suite}:{names[0]}", "failed", detail=done.stdout)]
        return [outcome_of(suite, case) for case in xml.parse(report).iter("testcase")]


# --- choosing and running ------------------------------------------------------------------------


def wanted(name, selection):
    """Whether a test called suite:name is asked for."""
    suite = name.split(":", 1)[0]
    return not selection or any(
        word == suite or word not in SUITES and word in name for word in selection)


def plan_host(selection):
    tasks = [Task("format:clang-format", check_format)]
    tasks += [Task(f"tidy:{name}", check_tidy, [name])
              for name in sources("base/*.c", "libkexec/*.c", "purgatory/*.c", "tools/*.c")]
    tasks += [Task(f"man:{name}", check_man, [name]) for name in sources("man/*.[1-9]")]
    return [task for task in tasks if wanted(task.name, selection)]


def may_be_in(suite, selection):
    """Whether the tests of a suite need to be listed at all."""
    return not selection or suite in selection or any(word not in SUITES for word in selection)


def selected(suite, names, selection):
    return [name for name in names if wanted(f"{suite}:{name}", selection)]


def suite_of(folder, file):
    return "payloads" if folder == "vm" and file in PAYLOAD_FILES else folder


def plan_files(folder, selection, *chosen, suite=None):
    """Of tests/package one task for each file; of tests/vm for each test, or for all of a file that share a guest."""
    groups = {}
    for name in list_pytest(folder, *chosen):
        file = name.split("::")[0]
        its = suite or suite_of(folder, file)
        if wanted(f"{its}:{name}", selection):
            together = folder == "package" or file in SHARED_GUEST
            groups.setdefault((its, file if together else name), []).append(name)
    return [Task(f"{its}:{group}", run_pytest, [its, names]) for (its, group), names in groups.items()]


def plan_tests(selection):
    tasks = []
    for suite, lister, runner in (
        ("unit", list_meson, run_meson), ("fuzz", list_meson, run_meson),
        ("cli", list_pytest, run_pytest),
    ):
        if may_be_in(suite, selection):
            names = selected(suite, lister(suite), selection)
            tasks += [Task(f"{suite}:all", runner, [suite, names])] if names else []
    if may_be_in("fuzz", selection):
        tasks += [Task(f"fuzz:{name}", run_fuzzer, [name])
                  for name in selected("fuzz", list_fuzzers(), selection)]
    if may_be_in("vm", selection) or may_be_in("payloads", selection):
        tasks += plan_files("vm", selection)
    if may_be_in("package", selection):
        tasks += plan_files("package", selection)
    if "long" in selection:
        tasks += plan_files("vm", selection, "-m", "long", suite="long")
    return tasks


def builds_for(selection):
    """The builds that the selected suites need; a word that is no suite may be in any."""
    if not selection or any(word not in SUITES for word in selection) or "build" in selection:
        return list(BUILDS)
    needs = {"tidy": "clang", "unit": "sanitizers", "cli": "sanitizers", "fuzz": "sanitizers",
             "package": "gcc", "vm": "gcc", "payloads": "gcc", "long": "gcc"}
    return [build for build in BUILDS if build in {needs.get(word) for word in selection}]


def jobs():
    asked = os.environ.get("JOBS")
    if asked:
        return int(asked)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)), memory // MEMORY_PER_JOB))


class Report:
    """Prints outcomes as they come, and counts them."""

    def __init__(self):
        self.outcomes = []
        self.lock = threading.Lock()
        self.allowed = []
        for line in ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                self.allowed.append(line.split(None, 1)[0])

    def add(self, outcomes):
        with self.lock:
            for outcome in outcomes:
                print(f"{outcome.status:7} {outcome.seconds:6.1f} s  {outcome.name}", flush=True)
                if outcome.status == "failed":
                    print(outcome.detail, flush=True)
            self.outcomes += outcomes

    def is_allowed(self, outcome):
        return any(fnmatch.fnmatch(outcome.name, pattern) for pattern in self.allowed)

    def finish(self):
        """Print what was skipped and what failed, then the one line that counts; return it all."""
        counts = {status: 0 for status in ("passed", "failed", "skipped")}
        for outcome in self.outcomes:
            allowed = outcome.status == "skipped" and self.is_allowed(outcome)
            if outcome.status == "skipped":
                note = "allowed" if allowed else f"not in {ALLOWED_SKIPS.relative_to(ROOT)}: a failure"
                print(f"skipped {outcome.name}: {outcome.detail} ({note})")
            counts[outcome.status if outcome.status != "skipped" or allowed else "failed"] += 1
        for outcome in self.outcomes:
            if outcome.status == "failed":
                print(f"failed {outcome.name}")
        print(f"{counts['passed']} passed, {counts['failed']} failed")
        return 1 if counts["failed"] else 0


def main(selection):
    guard.protect_host()
    if "long" in selection:
        os.environ["KEXEC_TEST_LONG"] = "1"
    report = Report()
    for build in builds_for(selection):
        outcomes = compile_build(build)
        if wanted(f"build:{build}", selection) or outcomes[0].status == "failed":
            report.add(outcomes)
        if outcomes[0].status == "failed":
            return report.finish()
    tasks = plan_host(selection) + plan_tests(selection)
    if not tasks and not report.outcomes:
        print(f"no test is called {' or '.join(selection)}")
        return 1
    ranks = {id(t): min((i for i, p in enumerate(LONG) if t.name.startswith(p)), default=len(LONG))
             for t in tasks}
    tasks.sort(key=lambda task: ranks[id(task)])
    with ThreadPoolExecutor(jobs()) as pool:
        for finished in [pool.submit(lambda t=task: report.add(t.outcomes())) for task in tasks]:
            finished.result()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
