# SPDX-License-Identifier: GPL-2.0-or-later
"""Every VM test runs with CAP_SYS_BOOT out of reach and skips, by name, what cannot be fetched."""

import os

import pytest

from lab import assets, guard

guard.protect_host()


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with KEXEC_TEST_LONG=1; takes an hour, or gigabytes")


def pytest_collection_modifyitems(config, items):
    """What is not asked for is not there, rather than skipped."""
    if os.environ.get("KEXEC_TEST_LONG") == "1":
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A package that cannot be had is a skip with a reason, not a failure of the product."""
    if call.excinfo and isinstance(call.excinfo.value, assets.AssetMissing):
        try:
            pytest.skip(str(call.excinfo.value))
        except pytest.skip.Exception:
            call.excinfo = pytest.ExceptionInfo.from_current()
