"""Figures as people read them, and tables in Markdown."""


def number(value: float) -> str:
    """Three digits that count: 512,000; 1.24; 0.0312."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        digits = len(str(int(abs(value)))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def rate(value: float | None) -> str:
    return "-" if value is None else number(value)


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds / 1e-9)} ns"


def size(value: float | None) -> str:
    if value is None:
        return "-"
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if value >= 1 << power:
            return f"{number(value / (1 << power))} {unit}"
    return f"{number(value)} B"


def times(value: float | None, base: float | None) -> str:
    """How many times `base` it is."""
    return "-" if value is None or not base else f"{value / base:.2f} ×"


def events(count: int) -> str:
    if count >= 1_000_000 and count % 100_000 == 0:
        return f"{count / 1_000_000:g} million"
    return f"{count:,}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """The first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
