# SPDX-License-Identifier: GPL-2.0-or-later
"""Every VM test runs with CAP_SYS_BOOT out of reach and skips, by name, what cannot be fetched."""

import pytest

from lab import assets, guard
from lab.long import pytest_collection_modifyitems, pytest_configure  # noqa: F401

guard.protect_host()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A package that cannot be had is a skip with a reason, not a failure of the product."""
    if call.excinfo and isinstance(call.excinfo.value, assets.AssetMissing):
        try:
            pytest.skip(str(call.excinfo.value))
        except pytest.skip.Exception:
            call.excinfo = pytest.ExceptionInfo.from_current()
