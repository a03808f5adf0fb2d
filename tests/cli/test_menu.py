# SPDX-License-Identifier: GPL-2.0-or-later
"""kexec menu, on a terminal of a given size, as a small VT100 shows it, and line by line."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import FAKE
from lab.screen import Screen
from test_start import SHUTDOWN, grub  # pylint: disable=unused-import

YES, WARNINGS, NO, ERROR = range(4)
UP, DOWN, LEFT, HOME, END, DELETE = (f"\033[{x}" for x in ("A", "B", "D", "H", "F", "3~"))


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, kexec, *arguments, size=(80, 24), session=True, typed="", before=None, **env):
        self.ours, self.theirs = pty.openpty()
        self.type(typed)
        self.columns, self.rows = size
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self.screen, self.raw, self.pending = Screen(*size), "", ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may cut a character
        self.log = kexec.folder / "log"
        self.log.unlink(missing_ok=True)
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "vt100", "KX_FAKE_LOG": str(self.log),
                       "KX_FAKE_ROOT": str(kexec.root), "KX_FAKE_FAIL": kexec.fail, **env}

        def own():
            if before:
                before()
            # In a session of its own it would be an orphan, which no terminal can stop (setpgid(2)).
            if not session:
                os.setpgid(0, 0)
                return
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        # pylint: disable-next=subprocess-popen-preexec-fn,consider-using-with
        self.process = subprocess.Popen([FAKE, "menu", *arguments], stdin=self.theirs, stdout=self.theirs,
                                        stderr=self.theirs, env=environment, cwd=kexec.folder, preexec_fn=own)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)

    def read(self, seconds):
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        text = self.decoder.decode(os.read(self.ours, 65536))
        self.raw += text
        if "\033[" in self.raw:
            self.pending += text
            # A sequence may be cut by the read.
            whole = re.match(r"(?:\033\[[?0-9;]*[A-Za-z]|[^\033])*", self.pending).group(0)
            self.pending = self.pending[len(whole):]
            self.screen.feed(whole)
        return True

    def text(self):
        return "\n".join(self.screen.lines()) if "\033[" in self.raw else self.raw

    def whole(self):
        """Nothing of what is on the screen is still on its way: the cursor is last."""
        return not self.screen.other or re.search(r"\033\[\?25[hl]\033\[\d+;\d+H$", self.raw)

    def wait(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while not (self.whole() and re.search(pattern, self.text(), re.MULTILINE)):
            assert time.monotonic() < end, f"no {pattern!r} in\n{self.text()}"
            self.read(0.2)
        return self.text()

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def end(self, seconds=60):
        """Exit status, once all that it wrote is read; the terminal is as it was before."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text()
            self.read(0.1)
        while self.read(0.1):
            pass
        assert termios.tcgetattr(self.theirs) == self.before
        assert not self.screen.other and not self.screen.hidden and not self.screen.reverse
        return self.process.returncode

    def asked(self):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line != "random"]


def soon(happens, seconds=60):
    """For what no terminal tells."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


def stopped(terminal):
    soon(lambda: os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG))


def selected(terminal):
    return next((line for line in terminal.screen.lines() if line.startswith(">")), "")


def test_list_at_80_by_24(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \* Debian$")
        lines = terminal.screen.lines()
        assert lines[0] == "kexec: what to start (1 of 6)"
        assert lines[1:7] == ["> * Debian", "    Debian GNU/Linux", "    Others > Other", "    Others > Twin", "    Twin",
                              "    Windows  (cannot be started)"]
        assert lines[20] == "options: root=/dev/one quiet" and lines[23].startswith("Enter start  e edit")
        assert terminal.screen.reversed_rows == {1} and terminal.screen.hidden
        terminal.type(DOWN + "j")
        terminal.wait("^>   Others > Other$")
        terminal.type(UP)
        terminal.wait("^>   Debian GNU/Linux$")
        terminal.type(END)
        terminal.wait("^cannot be started: ")
        terminal.type("\relp" + HOME)
        terminal.wait(r"^> \* Debian$")
        terminal.type("q")
        assert terminal.end() == NO and terminal.asked() == []


def test_no_reverse_where_it_is_not_wanted(grub):
    with Terminal(grub, NO_COLOR="1") as terminal:
        terminal.wait(r"^> \* Debian$")
        assert not terminal.screen.reversed_rows
        terminal.type("\033")
        assert terminal.end() == NO


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (20, 5), (10, 3)])
def test_long_list_scrolls(grub, size):
    (grub.root / "boot/grub/grub.cfg").write_text("".join(
        f"menuentry 'Entry {i} with a long title, longer than any line' --id n{i} {{ linux /boot/vmlinuz-one n{i} }}\n"
        for i in range(100)))
    with Terminal(grub, size=size) as terminal:
        terminal.wait(r"^> \* Ent")
        terminal.type(END)
        terminal.wait(r"^>   Ent")
        assert size[0] < 15 or selected(terminal).startswith(">   Entry 99")
        terminal.type("k")
        assert size[0] < 15 or terminal.wait("^>   Entry 98")
        terminal.type("q")
        assert terminal.end() == NO


def test_start(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("j" * 4 + "\r")
        assert terminal.end() == WARNINGS
        assert terminal.asked()[0].startswith("kexec_load") and terminal.asked()[-1:] == SHUTDOWN
        assert 'loaded "Twin"' in terminal.raw


def test_entry_whose_id_has_a_slash_and_whose_title_is_another_s(grub):
    (grub.root / "boot/grub/grub.cfg").write_text(
        "menuentry 'A/B' { linux /boot/vmlinuz-one first }\nmenuentry 'A/B' { linux /boot/vmlinuz-one second }\n")
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("jp")
        terminal.wait("cmdline +second$")


def test_load_alone_consumes_nothing(grub):
    before = grub.environment.read_bytes()
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("l")
        assert terminal.end() == WARNINGS
        assert [line.split()[0] for line in terminal.asked()] == ["kexec_load"]
    assert grub.environment.read_bytes() == before


def test_plan_with_an_edited_command_line(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("e")
        terminal.wait("^root=/dev/one quiet$")
        assert not terminal.screen.hidden and (terminal.screen.row, terminal.screen.column) == (1, 19)
        terminal.type("\177" * 5 + "single" + HOME + "x=" + "\033[C" * 4 + DELETE)
        terminal.wait("^x=root/dev/one single$")
        terminal.type("\r")
        terminal.wait("^edited: x=root/dev/one single$")
        terminal.type("p")
        text = terminal.wait("^cmdline +x=root/dev/one single$")
        assert re.search(r"^lines 1 to 23 of \d+; q goes back", text, re.MULTILINE)
        terminal.type("\033[6~")
        terminal.wait(r"^lines (?!1 )\d+ to")
        terminal.type("q")
        terminal.wait(r"^> \* Debian")
        assert terminal.asked() == []
        # A second edit that is not wanted leaves the first.
        terminal.type("e\025nothing")
        terminal.wait("^nothing$")
        terminal.type("\033")
        terminal.wait("^edited: x=root/dev/one single$")
        terminal.type("q")
        assert terminal.end() == NO


def test_edited_command_line_is_what_is_loaded(grub):
    # By kexec_file_load, which is told it as it is.
    grub.change(sys__kernel__security__lockdown="none [integrity] confidentiality\n")
    with Terminal(grub, size=(40, 10)) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("e\025" + " ".join(f"word{i}" for i in range(20)))
        terminal.wait("word19$")  # scrolled
        terminal.type("\r")
        terminal.wait("^edited: word0 ")
        terminal.type("\r")
        assert terminal.end() in (YES, WARNINGS)
        assert f"cmdline={' '.join(f'word{i}' for i in range(20))} flags" in terminal.asked()[0]


def test_failure_is_shown_and_the_menu_stays(grub):
    grub.fail = "kexec_load=1"
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("\r")
        terminal.wait("^kexec: .*Operation not permitted")
        terminal.type("q")
        terminal.wait(r"^> \* Debian$")
        assert terminal.screen.other and not any(line.startswith("run") for line in terminal.asked())


def test_help(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("\f?")
        terminal.wait("^Enter +load it, shut down cleanly, and start it$")
        terminal.type("\033")
        terminal.wait(r"^> \* Debian$")


# ---- countdown -------------------------------------------------------------------------------------------------------

def with_timeout(grub, seconds):
    config = grub.root / "boot/grub/grub.cfg"
    config.write_text(f"set timeout={seconds}\n" + config.read_text())


def test_countdown_of_the_boot_loader(grub):
    with_timeout(grub, 2)
    with Terminal(grub) as terminal:
        terminal.wait("^the default starts in [12] s")
        assert terminal.end() == WARNINGS and terminal.asked()[-1:] == SHUTDOWN


def test_any_key_stops_the_countdown(grub):
    with Terminal(grub, "--timeout=3") as terminal:
        terminal.wait("^the default starts in [123] s")
        terminal.type("\033[2~")
        while "the default starts" in terminal.text():
            assert terminal.read(60)
        begin = time.monotonic()
        while time.monotonic() < begin + 4:
            terminal.read(0.5)
        assert terminal.process.poll() is None and terminal.asked() == []
        terminal.type("q")
        assert terminal.end() == NO


def test_no_time_in_the_boot_loader_is_no_countdown(grub):
    with_timeout(grub, 0)
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        assert "the default starts" not in terminal.text()
        terminal.type("q")
        assert terminal.end() == NO and terminal.asked() == []
    with Terminal(grub, "--timeout=0") as terminal:
        assert terminal.end() == WARNINGS and terminal.asked()[-1:] == SHUTDOWN


@pytest.mark.parametrize("text", ["", "x", "-1", "1x", "86401", "99999999999999999999"])
def test_what_is_no_time(grub, text):
    result = grub("menu", f"--timeout={text}")
    assert result.status == ERROR and "is no number of seconds" in result.err and result.log == []


# ---- ways out --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_terminal_is_given_back_on_a_signal(grub, number):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        assert termios.tcgetattr(terminal.theirs) != terminal.before
        terminal.process.send_signal(number)
        assert terminal.end() == -number


def test_stop_and_go_on(grub):
    with Terminal(grub, session=False) as terminal:
        terminal.wait(r"^> \*")
        terminal.process.send_signal(signal.SIGTSTP)
        while terminal.screen.other:
            assert terminal.read(60)
        stopped(terminal)
        assert termios.tcgetattr(terminal.theirs) == terminal.before
        terminal.process.send_signal(signal.SIGCONT)
        while not terminal.screen.other:
            assert terminal.read(60)
        terminal.wait(r"^> \*")
        terminal.type("q")
        assert terminal.end() == NO


def test_hangup(grub):
    with Terminal(grub, TERM="vt100") as terminal:
        terminal.wait(r"^> \*")
        os.close(terminal.theirs)
        os.close(terminal.ours)
        assert terminal.process.wait(60) in (-signal.SIGHUP, NO) and terminal.asked() == []
        terminal.ours, terminal.theirs = pty.openpty()


def test_stop_that_cannot_be_caught(grub):
    """As a shell does, it takes its terminal back meanwhile."""
    with Terminal(grub, session=False) as terminal:
        terminal.wait(r"^> \*")
        ours = termios.tcgetattr(terminal.theirs)
        terminal.process.send_signal(signal.SIGSTOP)
        stopped(terminal)
        termios.tcsetattr(terminal.theirs, termios.TCSADRAIN, terminal.before)
        terminal.screen.clear()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait(r"^> \*")
        assert termios.tcgetattr(terminal.theirs) == ours
        terminal.type("q")
        assert terminal.end() == NO


def test_nothing_starts_after_a_stop(grub):
    with Terminal(grub, "--timeout=2", session=False) as terminal:
        terminal.wait("^the default starts in")
        terminal.process.send_signal(signal.SIGTSTP)
        stopped(terminal)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            terminal.read(0.5)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait(r"^> \*")
        terminal.type("?")
        terminal.wait("^Any key stops")
        terminal.type("qq")
        assert terminal.end() == NO and terminal.asked() == []


@pytest.fixture
def slow(grub):
    """An initrd that is read for as long as nobody writes it."""
    os.unlink(grub.root / "boot/initrd-one")
    os.mkfifo(grub.root / "boot/initrd-one")
    return grub


def written(path, content):
    """Into a pipe, as soon as there is a reader."""
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    os.write(pipe, content)
    os.close(pipe)
    return True


def test_interrupt_while_something_is_done(slow):
    with Terminal(slow) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("p")
        terminal.wait(r"^\.\.\.$")
        terminal.type("\003")
        assert terminal.end() == -signal.SIGINT


def test_stop_while_something_is_done(slow):
    """What does it must not be stopped by the same key: it would be waited for for ever."""
    with Terminal(slow, session=False) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("p")
        terminal.wait(r"^\.\.\.$")
        os.killpg(terminal.process.pid, signal.SIGTSTP)
        soon(lambda: written(slow.root / "boot/initrd-one", b"INITRD"))
        stopped(terminal)
        os.killpg(terminal.process.pid, signal.SIGCONT)
        terminal.wait("^cmdline +root=/dev/one")
        terminal.type("qq")
        assert terminal.end() == NO


def test_new_size(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        fcntl.ioctl(terminal.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 50, 0, 0))
        terminal.screen = Screen(50, 12)
        terminal.wait(r"^Enter start")
        assert terminal.screen.lines()[11].startswith("Enter start") and selected(terminal) == "> * Debian"
        terminal.type("q")
        assert terminal.end() == NO


def test_children_that_nobody_waits_for(grub):
    """Inherited from whoever started us; an exit status of 0 would be seen where there was none."""
    grub.fail = "kexec_load=1"
    with Terminal(grub, before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)) as terminal:
        terminal.wait(r"^> \*")
        terminal.type("l")
        terminal.wait("^kexec: .*Operation not permitted")
        terminal.type("qq")
        assert terminal.end() == NO


# ---- a slow line -----------------------------------------------------------------------------------------------------

def test_only_what_has_changed_is_written(grub):
    with Terminal(grub, "--timeout=30") as terminal:
        terminal.wait("^the default starts in 29")
        terminal.raw = "\033["
        terminal.wait("^the default starts in 27")
        assert len(terminal.raw) < 250, terminal.raw
        terminal.raw = "\033["
        terminal.type(DOWN)
        terminal.wait("^>   Debian GNU/Linux$")
        assert len(terminal.raw) < 400, terminal.raw


def test_screen_is_drawn_again(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        for page in "", "?", "qe":
            terminal.type(page)
            before = terminal.wait({"": "^Enter start", "?": "^lines 1 to", "qe": "^Enter accept  "}[page])
            terminal.screen.feed("\033[3;1Hkernel: something else is said here")
            terminal.type("\f")
            while terminal.text() != before:
                assert terminal.read(60), terminal.text()
        terminal.type("\033")
        terminal.wait(r"^> \*")
        terminal.type("q")
        assert terminal.end() == NO


def test_key_that_comes_in_pieces(grub):
    with Terminal(grub) as terminal:
        terminal.wait(r"^> \*")
        for piece in DOWN:
            terminal.type(piece)
            begin = time.monotonic()  # nothing is to happen in this time
            while time.monotonic() < begin + 0.4:
                terminal.read(0.1)
        terminal.wait("^>   Debian GNU/Linux$")
        # The end of it never comes: it is no Esc, which would leave.
        terminal.type("\033[")
        begin = time.monotonic()
        while time.monotonic() < begin + 1.5:
            terminal.read(0.1)
        terminal.type("k")
        terminal.wait(r"^> \* Debian$")
        terminal.type("q")
        assert terminal.end() == NO


def test_what_was_typed_before_is_not_meant_for_it(grub):
    for term in "vt100", "dumb":
        with Terminal(grub, typed="\r\r", TERM=term) as terminal:
            terminal.wait(r"^> \* Debian$" if term == "vt100" else "> $")
            terminal.type("q\n")
            assert terminal.end() == NO and terminal.asked() == []


# ---- line by line ----------------------------------------------------------------------------------------------------

def test_dumb_terminal(grub):
    with Terminal(grub, TERM="dumb") as terminal:
        terminal.wait("^> $")
        assert "\033" not in terminal.raw
        assert re.search(r"^\*  1  Debian\r$", terminal.raw, re.MULTILINE)
        terminal.type("e 1\n")
        terminal.wait("^new ")
        terminal.type("typed here\n")
        terminal.wait("> $")
        terminal.type("p 1\n")
        terminal.wait(r"^cmdline +typed here")
        terminal.type("6\n")
        terminal.wait("cannot be started: ")
        terminal.type("q\n")
        assert terminal.end() == NO and terminal.asked() == []


def test_dumb_terminal_counts_down_and_any_key_stops_it(grub):
    with Terminal(grub, "--timeout=1", TERM="dumb") as terminal:
        assert terminal.end() == WARNINGS and terminal.asked()[-1:] == SHUTDOWN
    with Terminal(grub, "--timeout=3", TERM="dumb") as terminal:
        terminal.wait("the default starts in 3 s")
        terminal.type("p")
        terminal.wait("^p?> ")
        terminal.type(" 2\n")
        terminal.wait("^cmdline +root=/dev/slash")
        terminal.type("q\n")
        assert terminal.end() == NO and terminal.asked() == []


def test_what_is_chosen_by_a_line(grub):
    def given(*lines):
        with Terminal(grub, TERM="dumb") as terminal:
            for line in lines:
                terminal.wait("> $")
                terminal.raw = ""
                terminal.type(line)
            return terminal.end(), [asked.split()[0] for asked in terminal.asked()]

    for lines in ["\004"], ["q\n"], ["0\n", "7\n", "x\n", "-1\n", "1 2\n", "qq\n", "99999999999999999999999\n", "q\n"]:
        assert given(*lines) == (NO, []), lines
    for line in "\n", "1\n", " 5 \n":
        assert given(line) == (WARNINGS, ["kexec_load", "run"]), line
    assert given("l 3\n") == (WARNINGS, ["kexec_load"])


def test_keys_that_are_no_text_stay_out_of_a_line(grub):
    with Terminal(grub, TERM="dumb") as terminal:
        terminal.wait("> $")
        terminal.type("e 1\n")
        terminal.wait("^new ")
        terminal.type("single" + LEFT + "\n")
        terminal.wait("it stays as it was")
        terminal.type("p 1\n")
        terminal.wait(r"^cmdline +root=/dev/one quiet")
        terminal.type("q\n")
        assert terminal.end() == NO


def test_output_that_is_no_terminal(grub, tmp_path):
    """Line by line, too, and without delay."""
    with open(tmp_path / "out", "wb") as out:
        with Terminal(grub, "--timeout=60", before=lambda: os.dup2(out.fileno(), 1)) as terminal:
            soon(lambda: b"the default starts in 60 s" in (tmp_path / "out").read_bytes())
            terminal.type(" ")
            soon(lambda: (tmp_path / "out").read_bytes().endswith(b"> "))
            terminal.type("q\n")
            assert terminal.end() == NO
    assert b"*  1  Debian\n" in (tmp_path / "out").read_bytes() and b"\033" not in (tmp_path / "out").read_bytes()


def test_no_terminal_to_ask_at(grub):
    for stdin in subprocess.DEVNULL, subprocess.PIPE:
        result = grub("menu", "--timeout=0", stdin=stdin)
        assert result.status == ERROR and "standard input is no terminal" in result.err
        assert "kexec reboot ENTRY" in result.err and (result.out, result.log) == ("", [])


# ---- what others wrote -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("term", ["vt100", "dumb"])
def test_hostile_titles_and_options(grub, term):
    evil = "\033[2J\033]0;x\007\b\r\x9b31m\xc2\x9b31m\x7f"
    (grub.root / "boot/grub/grub.cfg").write_bytes(
        f"menuentry 'A{evil}B \u00e4' --id a {{ linux /boot/vmlinuz-one c{evil}d }}\n".encode("latin-1", "replace")
        + "menuentry 'gr\u00fcn \u4e2d' --id b { linux /boot/vmlinuz-one }\n".encode()
        + f"menuentry 'Z' --id c {{ linux '/boot/{evil}' }}\n".encode("latin-1", "replace"))
    with Terminal(grub, TERM=term) as terminal:
        terminal.wait("> $" if term == "dumb" else r"^> \*")
        assert "A?[2J?]0;x????31m" in terminal.text() and "gr\u00fcn \u4e2d" in terminal.text()
        terminal.type("p 1\n" if term == "dumb" else "p")
        terminal.wait("cmdline +c")
        if term == "dumb":
            assert "\033" not in terminal.raw and "\x9b" not in terminal.raw.partition("cmdline")[0]
        terminal.type("q\n" if term == "dumb" else "q" + END)
        if term != "dumb":
            terminal.wait("^cannot be started: ")
            terminal.type("q")
        assert terminal.end() == NO


def test_characters_of_another_locale(grub):
    (grub.root / "boot/grub/grub.cfg").write_bytes("menuentry 'gr\u00fcn' { linux /boot/vmlinuz-one }\n".encode())
    with Terminal(grub, LC_ALL="C") as terminal:
        terminal.wait(r"^> \* gr\?\?n$")


def test_usage_and_nothing_to_choose_from(kexec):
    assert kexec("menu", "x").status == ERROR
    (kexec.root / "boot/config-6.1.0-1-test").rename(kexec.root / "config")
    result = kexec("menu")
    assert result.status == NO and "no boot entries found" in result.err
