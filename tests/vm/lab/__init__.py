# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: real Debian kernels in QEMU guests, driven from Python tests."""
