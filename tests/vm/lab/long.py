# SPDX-License-Identifier: GPL-2.0-or-later
"""Hooks of pytest for tests marked long; a conftest.py imports both."""

import os


def pytest_configure(config):
    config.addinivalue_line("markers", "long: only with KEXEC_TEST_LONG=1; takes long, or gigabytes")


def pytest_collection_modifyitems(config, items):
    """What is not asked for is not there, rather than skipped."""
    if os.environ.get("KEXEC_TEST_LONG") == "1":
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
