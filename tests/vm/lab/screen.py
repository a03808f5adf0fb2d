# SPDX-License-Identifier: GPL-2.0-or-later
"""A small VT100."""

import re


class Screen:
    """What is on a terminal after some bytes. Any sequence that it does not know fails the test."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.other = False
        self.clear()

    def clear(self):
        columns, rows = self.columns, self.rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.reverse, self.hidden, self.reversed_rows = False, False, set()

    def control(self, text, letter):
        numbers = [int(n or 0) for n in text.split(";")] if not text.startswith("?") else []
        if letter == "H":
            self.row, self.column = numbers[0] - 1, numbers[1] - 1
            assert self.row < self.rows and self.column < self.columns
        elif letter == "K":
            self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
            self.reversed_rows.discard(self.row)
        elif letter == "J" and numbers == [2]:
            self.clear()
        elif letter == "m" and numbers[0] in (0, 7):
            self.reverse = numbers[0] == 7
        elif text == "?1049":
            self.other = letter == "h"
        elif text == "?25":
            self.hidden = letter == "l"
        else:
            raise AssertionError(f"unknown sequence: {text}{letter}")

    def feed(self, text):
        for sequence, letter, char in re.findall(r"\033\[([?0-9;]*)([A-Za-z])|([\s\S])", text):
            if letter:
                self.control(sequence, letter)
            elif char == "\r":
                self.column = 0
            elif char == "\n":
                self.row = min(self.row + 1, self.rows - 1)
            else:
                assert char.isprintable(), repr(char)
                assert self.column < self.columns - 1 or not self.other, "the last column is written"
                self.cells[self.row][self.column] = char
                self.column = min(self.column + 1, self.columns - 1)
                if self.reverse:
                    self.reversed_rows.add(self.row)

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]
