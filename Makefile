# SPDX-License-Identifier: GPL-2.0-or-later
# The usual targets in front of Meson; ./configure comes first.

BUILD = build
COVERAGE = build-coverage

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@echo 'run ./configure first' >&2; exit 1

# DESTDIR is obeyed.
install: all
	DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --no-rebuild

uninstall: $(BUILD)/build.ninja
	DESTDIR='$(DESTDIR)' ninja -C $(BUILD) uninstall

# A tarball that builds without git, in build-dist/.
dist:
	scripts/dist

# kexec-next, libkexec0 and libkexec-dev for Debian and Ubuntu, in build-deb/.
deb:
	scripts/deb

check:
	scripts/check

# The tests that take hours, which are in no other check.
check-long:
	scripts/check long

demo:
	scripts/demo

# Load time, memory and downtime beside kexec-tools'; ARGS="--case i --tool ours" for a part of it.
bench: all
	KEXEC_BUILD_DIR=$(BUILD) bench/run.py $(ARGS)

# Lines of base/ and libkexec/ that the unit tests reach.
coverage:
	[ -d $(COVERAGE) ] || meson setup $(COVERAGE) -Db_coverage=true --buildtype=debug
	ninja -C $(COVERAGE)
	find $(COVERAGE) -name '*.gcda' -delete
	meson test -C $(COVERAGE) --no-rebuild --no-suite cli --no-suite fuzz
	gcovr --root . --filter base/ --filter libkexec/ $(COVERAGE)

clean:
	rm -rf $(BUILD) $(COVERAGE) build-dist build-deb

.PHONY: all install uninstall dist deb check check-long demo bench coverage clean
