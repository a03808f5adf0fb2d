# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts for GRUB, made at random from a seed: each construct, nested, quoted, and now and then broken."""

import random

VARIABLES = ["v0", "v1", "v2", "v3", "_w", "log2"]
TEXTS = ["a", "b", "x1", "10", "9", "0", "-3", "0x1f", "", "a b", "  c  d ", "vmlinuz-6.1", "vmlinuz-6.10", "it's", "q\"q",
         "d$d", "#n", "e=f", "(hd0)/t", "/t/s1.cfg", "{", "}", ";", "|", "<", "\\", "!", "if", "fi", "menuentry"]
PATHS = ["/drv.cfg", "/t", "/t/s1.cfg", "/nosuch", "(hd0)/drv.cfg", "(hd5)/drv.cfg", "/t/", "(${root})/t/s2.cfg"]
PATTERNS = ["/t/s*.cfg", "/t/s?.cfg", "/nosuch*", "/*/s1.cfg", "/t/s[1].cfg", "(hd0)/t/m*.cfg"]
REGEXPS = [("(a+)(b*)", "xaabb"), ("^v(.*)-([0-9.]+)$", "vmlinuz-6.1"), ("no", "yes"), ("(", "x"), ("x|y", "zy"), (".", "")]


class Script:
    """One script; everything about it follows from the seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.functions = []
        self.counter = 0
        self.in_function = False

    def pick(self, *choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    # -- words

    def quoted(self, text):
        """A text as a word, in one of the ways to write it."""
        plain = text and not set(text) & set(" {}|&$;<>\"'\\#\t\n")
        ways = ["single", "double", "escape"] + ["plain"] * (3 if plain else 0)
        way = self.pick(*ways)
        if way == "plain":
            return text
        if way == "single" and "'" not in text:
            return f"'{text}'"
        if way == "escape" and text:
            return "".join(c if c.isalnum() else "\\" + c for c in text)
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'

    def variable(self):
        name = self.pick(*VARIABLES, "1", "2", "#", "@", "*", "?", "root", "nosuch", "chosen")
        form = f"${{{name}}}" if self.chance(50) else f"${name}"
        return f'"{form}"' if self.chance(60) else form

    def word(self):
        kind = self.random.randrange(10)
        if kind < 5:
            return self.quoted(self.pick(*TEXTS))
        if kind < 8:
            return self.variable()
        if kind == 8:
            return self.quoted(self.pick(*TEXTS)) + self.variable().replace("$1a", "$1")
        return self.pick(*PATTERNS) if self.chance(30) else self.pick(*PATHS)

    def words(self, most=4):
        return " ".join(self.word() for _ in range(self.random.randrange(most)))

    # -- conditions

    def term(self):
        kind = self.random.randrange(8)
        if kind == 0:
            return f"-{self.pick(*'efdsz')} {self.pick(*PATHS)}"
        if kind == 1:
            return f"{self.random.randrange(20)} -{self.pick('eq', 'ne', 'lt', 'le', 'gt', 'ge')} {self.random.randrange(20)}"
        if kind == 2:
            return f'-{self.pick("z", "n")} "${{{self.pick(*VARIABLES)}}}"'
        if kind == 3:
            return f'vmlinuz-{self.random.randrange(12)} -{self.pick("pgt", "plt")} vmlinuz-{self.random.randrange(12)}'
        if kind == 4:
            return self.variable()
        return f'{self.word()} {self.pick("=", "==", "!=", chr(34) + "<" + chr(34), chr(34) + ">=" + chr(34))} {self.word()}'

    def condition(self):
        text = self.term()
        for _ in range(self.random.randrange(3)):
            text += f" {self.pick('-a', '-o', '-a !', '')} {self.term()}"
        if self.chance(15):
            text = f"( {text} )"
        command = f"[ {text} ]" if self.chance(70) else f"test {text}"
        return self.pick("", "", "! ") + self.pick(command, command, command, "true", "false")

    # -- statements

    def show(self):
        return f"t {self.words(5)}"

    def assign(self):
        name = self.pick(*VARIABLES)
        return self.pick(f"set {name}={self.word()}", f"{name}={self.word()}", f"set '{name}=z z'", f"unset {name}",
                         f"export {name}", f"set {name}", f"{name}=")

    def device(self):
        name = self.pick(*VARIABLES)
        return self.pick(f"search --set={name} --file {self.pick(*PATHS[:4])}", f"search -f -s {name} /drv.cfg",
                         f"search --no-floppy --label --set={name} {self.pick('BATCH', 'none')}",
                         f"search.file /drv.cfg {name}", f"search --set {name} --hint hd0 --file /t/s1.cfg")

    def expression(self):
        pattern, subject = self.pick(*REGEXPS)
        return f"regexp --set {self.pick('1:', '2:', '0:', '')}{self.pick(*VARIABLES)} '{pattern}' '{subject}'"

    def file(self):
        return self.pick("source /t/s1.cfg", ". /t/s2.cfg", "load_env -f /t/env1", "load_env -f /t/env1 k1", ". /nosuch",
                         "load_env -f /t/env2; t $k9")

    def evaluated(self):
        return f"eval '{self.pick('t e $v0', 'v1=ev', 'if true; then t y; fi', 't a; t b', 'false')}'"

    def status(self):
        return f"{self.pick('false', 'true', 'nosuchcmd', 'set q', 'unset', 'shift', 'test x = y')}; t $?"

    def jump(self):
        return self.pick("break", "continue", "break 2", "return", "return 2", "shift", "shift 2", "setparams p 'q r'")

    def call(self):
        return f"{self.pick(*self.functions)} {self.words()}" if self.functions else self.show()

    def block(self, depth, separator="\n"):
        return separator.join(self.statement(depth - 1) for _ in range(1 + self.random.randrange(3)))

    def branch(self, depth):
        text = f"if {self.condition()}{self.pick('; ', chr(10))}then\n{self.block(depth)}\n"
        for _ in range(self.random.randrange(3)):
            text += f"elif {self.condition()}; then\n{self.block(depth)}\n"
        if self.chance(50):
            text += f"else {self.block(depth)}\n"
        return text + "fi"

    def loop(self, depth):
        if self.chance(60):
            return f"for {self.pick(*VARIABLES)} in {self.words()}; do\n{self.block(depth)}\ndone"
        # Counted, by a name that nothing else touches.
        self.counter += 1
        name = f"c{self.counter}"
        word, test = self.pick(("while", "!="), ("until", "="))
        return f"{name}=\n{word} [ \"${name}\" {test} ooo ]; do\n{name}=o${name}\n{self.block(depth)}\ndone"

    def statement(self, depth):
        simple = [self.show, self.show, self.assign, self.assign, self.device, self.expression, self.file, self.evaluated,
                  self.status, self.call, self.jump]
        if depth > 0 and self.chance(45):
            return self.pick(self.branch, self.loop)(depth)
        line = self.pick(*simple)()
        return line + self.pick("", "", "", " # comment", " ;", f"; {self.show()}")

    def function(self):
        name = f"f{self.seed}_{len(self.functions)}"
        text = f"function {name} {{\n{self.block(2)}\n}}"
        self.functions.append(name)
        return text

    # -- menus

    def load(self):
        lines = [self.statement(1) for _ in range(self.random.randrange(3))]
        lines.append(f'linux /drv.cfg "$log" {self.words()}')
        if self.chance(60):
            lines.append(f"initrd /t/s1.cfg{self.pick('', ' /t/s2.cfg', ' (hd0)/t/env1')}")
        if self.chance(15):
            lines = ['multiboot /drv.cfg "$log"', f"module /t/s1.cfg {self.words()}", "module /t/s2.cfg"]
        return "\n".join(lines)

    def item(self, depth=2):
        title = self.quoted(self.pick("one", "two three", "4", "a>b", "Linux, with 'it'", "z"))
        options = self.pick("", "--class c", f"--id i{self.random.randrange(4)}", "--id=i9 --unrestricted", "p1 'p 2'")
        if depth and self.chance(30):
            body = "\n".join(["export log", *[self.item(depth - 1) for _ in range(1 + self.random.randrange(2))]])
            return f"submenu {title} {options} {{\n{body}\n}}"
        return f"menuentry {title} {options} {{\n{self.load()}\n}}"

    def default(self):
        return self.pick("0", "1", "2", "i1", "one", "two three", "4", "9", "nosuch", "1>0", "one>1", "i2>i1", "a>>b", "2>1>0")

    def broken(self, text):
        """One character less, or one more, somewhere."""
        at = self.random.randrange(len(text))
        return self.pick(text[:at] + text[at + 1:], text[:at] + self.pick(*"{};'\"$\\#|\n") + text[at:])

    def text(self):
        parts = []
        for _ in range(3 + self.random.randrange(6)):
            parts.append(self.function() if self.chance(20) else self.statement(3))
        if self.chance(60):
            parts += [self.item() for _ in range(1 + self.random.randrange(4))]
            parts.append(f"set default='{self.default()}'")
        text = "\n".join(parts) + "\n"
        return self.broken(text) if self.chance(12) else text


def script(seed):
    return Script(seed).text()
