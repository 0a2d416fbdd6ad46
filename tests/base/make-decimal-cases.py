#!/usr/bin/env python3
"""Writes cases for the tests of decimals to standard output, computed by Python's own decimal arithmetic.

    tests/base/make-decimal-cases.py > tests/testdata/decimal-cases.txt

One case a line, its words parted by spaces:

    parse NUMBER PLAIN          NUMBER printed plain; `-` when it is beyond the limits
    compare NUMBER NUMBER SIGN  the order of the two: <, = or >
    sum NUMBERS PLAIN           the NUMBERS are joined by `+` or `-`, which stand apart
    average NUMBER COUNT PLAIN  the quotient to 34 digits

The same arguments give the same bytes on every machine: the only source of chance is random() of a seeded
random.Random, whose sequence Python promises to keep.
"""

import argparse
import random
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact

# More digits than any sum has; what does not fit raises an error.
EXACT = Context(prec=5000, traps=[Inexact])
AVERAGE = Context(prec=34, rounding=ROUND_HALF_EVEN)


def plain(value):
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def within_limits(value):
    _, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    coefficient = text.rstrip("0")
    return coefficient == "" or len(coefficient) <= 38 and abs(exponent + len(text) - len(coefficient)) <= 400


class Cases:
    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, limit):
        """A whole number from 0 up to, not including, `limit`."""
        return int(self.random() * limit)

    def one_in(self, n):
        return self.below(n) == 0

    def digits(self, count):
        """`count` digits, at times with runs of zeros or nines, which carry."""
        kind = self.below(8)
        choice = {0: "09", 1: "0001", 2: "9998"}.get(kind, "0123456789")
        return "".join(choice[self.below(len(choice))] for _ in range(count))

    def number(self, digits_max, exponent_max):
        """A JSON number as somebody may write it."""
        digits = self.digits(1 + self.below(digits_max))
        point = self.below(len(digits)) if self.one_in(2) else 0
        whole, fraction = digits[:len(digits) - point], digits[len(digits) - point:]
        text = ("-" if self.one_in(3) else "") + (whole.lstrip("0") or "0") + ("." + fraction if fraction else "")
        if exponent_max > 0:
            exponent = self.below(2 * exponent_max + 1) - exponent_max
            sign = "-" if exponent < 0 else "+" if self.one_in(3) else ""
            text += ("e" if self.one_in(2) else "E") + sign + "0" * self.below(3) + str(abs(exponent))
        return text

    def any_number(self):
        kind = self.below(24)
        if kind == 0:
            return self.number(45, 440)
        if kind < 5:
            return self.number(42, 30)
        return self.number(40, 0) if kind < 9 else self.number(12, 0)

    def valid_number(self):
        while True:
            text = self.any_number()
            if within_limits(Decimal(text)):
                return text

    def neighbour(self, text):
        """A number that is close to another, or the same written differently."""
        value = Decimal(text)
        step = self.below(4)
        if step == 0:
            value = EXACT.multiply(value, Decimal(f"1.{'0' * self.below(12)}"))
        elif step == 1:
            value = EXACT.scaleb(value, 1 - self.below(3))
        else:
            value = EXACT.add(value, Decimal(f"1e-{self.below(20)}"))
        return str(value) if within_limits(value) else text

    def parse(self):
        text = self.any_number()
        value = Decimal(text)
        return f"parse {text} {plain(value) if within_limits(value) else '-'}"

    def compare(self):
        a = self.valid_number()
        b = self.valid_number() if self.one_in(3) else self.neighbour(a)
        if self.one_in(2):
            a, b = b, a
        return f"compare {a} {b} {'=><'[int(EXACT.compare(Decimal(a), Decimal(b)))]}"

    def sum(self):
        total = Decimal(self.valid_number())
        words = [str(total)]
        for _ in range(self.below(8)):
            # What was there before comes again, so that sums cancel.
            text = words[2 * self.below((len(words) + 1) // 2)] if self.one_in(3) else self.valid_number()
            plus = self.one_in(2)
            total = (EXACT.add if plus else EXACT.subtract)(total, Decimal(text))
            words += ["+" if plus else "-", text]
        return f"sum {' '.join(words)} {plain(total)}"

    def average(self):
        text = self.valid_number()
        count = (1 + self.below(1000), 2 ** self.below(64), 1 + self.below(10 ** 9), 2 ** 64 - 1)[self.below(4)]
        if self.one_in(8):
            # Just between two numbers of 34 digits.
            text, count = str(Decimal(f"{1 + self.below(9)}{self.digits(33)}5")), 1
        return f"average {text} {count} {plain(AVERAGE.divide(Decimal(text), Decimal(count)))}"

    def lines(self, count):
        return [case() for _ in range(count) for case in (self.parse, self.compare, self.sum, self.average)]


def main():
    parser = argparse.ArgumentParser(description="Writes cases for the tests of decimals.")
    parser.add_argument("--count", type=int, default=750, help="how many cases of each kind")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other cases")
    arguments = parser.parse_args()
    for line in Cases(arguments.seed).lines(arguments.count):
        print(line)


if __name__ == "__main__":
    main()
