"""The targets of the bench suite, and whether what was measured meets them. Ratios are of medians, within one run."""

from collections.abc import Callable
from dataclasses import dataclass

from results import Figure, Results
from text import duration, events, number, size, times


@dataclass
class Verdict:
    measured: str
    met: bool | None  # None: not measured
    at: int = 0  # events


@dataclass
class Target:
    work: str
    target: str
    events: int  # what the target is said of, or enough to fill write buffers; fewer are no proof. 0: any
    judge: Callable[[Results], Verdict]


NOT_MEASURED = Verdict("not measured", None)
_IMPORTED = 10_000_000  # events, that the targets of imports speak of


def _ratio(value: float | None, base: float | None, least: float, at: int, note: str = "") -> Verdict:
    if value is None or not base:
        return NOT_MEASURED
    return Verdict(times(value, base) + note, value / base >= least, at)


def _import(results: Results, subject: str) -> tuple[Figure | None, int]:
    """An import of as many events as the targets speak of, which may be a step of (h), or else what (a) measured."""
    grown = results.one("Growth", subject=subject, events=_IMPORTED)
    if grown is not None and results.events.get("import", 0) < _IMPORTED:
        return grown, _IMPORTED
    return results.one("Import", subject=subject), results.events.get("import", 0)


def _source(figure: Figure) -> str:
    """Where the figure is from, if not from (a) itself."""
    return " (a step of (h), one run)" if figure.question == "Growth" else ""


def _import_rate(results: Results) -> Verdict:
    figure, at = _import(results, "tallystick")
    if figure is None:
        return NOT_MEASURED
    value = figure.values["events/s"]
    return Verdict(f"{number(value)} events/s{_source(figure)}", value >= 500_000, at)


def _import_against(subject: str, least: float) -> Callable[[Results], Verdict]:
    def judge(results: Results) -> Verdict:
        ours, at = _import(results, "tallystick")
        peer, peer_at = _import(results, subject)
        if ours is None or peer is None or at != peer_at:
            return NOT_MEASURED
        value = ours.values["events/s"]
        note = _source(ours)
        last, last_at = _import(results, "sqlite_indexes_last")
        if subject == "sqlite" and last is not None and last_at == at:
            note += f"; {times(value, last.values['events/s'])} when it makes its indexes last"
        return _ratio(value, peer.values["events/s"], least, at, note)

    return judge


def _import_memory(results: Results) -> Verdict:
    figure, at = _import(results, "tallystick")
    if figure is None:
        return NOT_MEASURED
    value = figure.values["peak_rss"]
    return Verdict(size(value) + _source(figure), value <= 1 << 30, at)


def _sustained(subject: str, least: float) -> Callable[[Results], Verdict]:
    return lambda results: _ratio(results.value("events/s", "Sustained", subject="tallystick"),
                                  results.value("events/s", "Sustained", subject=subject), least,
                                  results.events.get("live", 0))


def _singles(results: Results) -> Verdict:
    peers = [f.values["events/s"] for f in results.all("Singles", subject="rocksdb")]
    return _ratio(results.value("events/s", "Singles", subject="tallystick"), max(peers, default=None), 1.3,
                  results.events.get("live", 0))


def _singles_p99(results: Results) -> Verdict:
    p99 = results.value("p99_us", "Singles", subject="tallystick")
    fsync = results.value("p50_us", "Fdatasync")
    if p99 is None or fsync is None:
        return NOT_MEASURED
    return Verdict(f"{p99 / fsync:.1f} × ({duration(p99 / 1e6)}; one fsync {duration(fsync / 1e6)})", p99 < 20 * fsync,
                   results.events["live"])


def _unchanged(results: Results) -> Verdict:
    figures = sorted(results.all("Unchanged"), key=lambda f: f.keys["writers"])
    if not figures:
        return NOT_MEASURED
    ratios = {f.keys["writers"]: f.values["events/s"] / f.values["created/s"] for f in figures}
    written = max(f.values["written_bytes"] for f in figures)
    text = ", ".join(f"{ratio:.2f} × by {writers}" for writers, ratio in ratios.items())
    return Verdict(f"{text} thread(s); {number(written)} bytes written", min(ratios.values()) >= 1.5 and written == 0,
                   results.events["resend"])


def _scan(results: Results) -> Verdict:
    return _ratio(results.value("events/s", "FullScan", subject="tallystick", threads=1),
                  results.value("events/s", "FullScan", subject="rocksdb"), 0.8, results.events.get("scan", 0))


def _scan_by_two(results: Results) -> Verdict:
    return _ratio(results.value("events/s", "FullScan", subject="tallystick", threads=2),
                  results.value("events/s", "FullScan", subject="tallystick", threads=1), 1.8,
                  results.events.get("scan", 0))


def _bytes(results: Results) -> Verdict:
    value = results.value("bytes/event", "BytesAtRest", ids="random")
    if value is None:
        return NOT_MEASURED
    return Verdict(f"{value:.1f} with random ids", value <= 110, results.events["size"])


def _growth(results: Results) -> Verdict:
    figures = sorted(results.all("Growth", subject="tallystick"), key=lambda f: int(f.keys["events"]))
    if len(figures) < 2:
        return NOT_MEASURED
    first, last = figures[0], figures[-1]
    return _ratio(last.values["events/s"], first.values["events/s"], 0.6, int(last.keys["events"]),
                  f" ({events(int(last.keys['events']))} against {events(int(first.keys['events']))})")


def _open_closed(results: Results) -> Verdict:
    figures = sorted(results.all("Growth", subject="tallystick"), key=lambda f: int(f.keys["events"]))
    if not figures:
        return NOT_MEASURED
    value = figures[-1].values["open_s"]
    return Verdict(duration(value), value < 1, int(figures[-1].keys["events"]))


def _open_killed(results: Results) -> Verdict:
    figure = results.one("OpenKilled")
    if figure is None:
        return NOT_MEASURED
    log = figure.values["log_bytes"]
    return Verdict(f"{duration(figure.values['seconds'])} with a log of {size(log)}", figure.values["seconds"] < 5,
                   results.events["open"])


TARGETS = [
    Target("(a) import of a file, 2 cores", "at least 500,000 events/s", _IMPORTED, _import_rate),
    Target("(a) import, against SQLite", "at least 25 ×", _IMPORTED, _import_against("sqlite", 25)),
    Target("(a) import, against DuckDB", "at least 3.5 ×", _IMPORTED, _import_against("duckdb", 3.5)),
    Target("(a) import, peak memory", "at most 1 GiB", _IMPORTED, _import_memory),
    Target("(b) batches of 1,000, buffered, 2 threads, against the ceiling", "at least 0.85 ×", 1_000_000,
           _sustained("ceiling", 0.85)),
    Target("(b) the same, against SQLite", "at least 12 ×", 1_000_000, _sustained("sqlite", 12)),
    Target("(b) single events, synced, 64 threads, against RocksDB's group commit", "at least 1.3 ×", 0, _singles),
    Target("(b) the same, p99 by one fsync", "under 20 ×", 0, _singles_p99),
    Target("(c) all unchanged, against created", "at least 1.5 ×, not one byte written", 1_000_000, _unchanged),
    Target("(e) time scan, against a bare iterator", "at least 0.8 ×", 1_000_000, _scan),
    Target("(e) time scan by 2 threads, against by one", "at least 1.8 ×", 1_000_000, _scan_by_two),
    Target("(g) bytes per event at rest", "at most 110, 95 is the goal", 1_000_000, _bytes),
    Target("(h) import of 100 million, against 1 million", "at least 0.6 ×", 100_000_000, _growth),
    Target("(i) open after a clean close, 100 million", "under 1 s", 100_000_000, _open_closed),
    Target("(i) open after kill -9 with full write buffers", "under 5 s", 1_000_000, _open_killed),
]


def verdict_text(target: Target, verdict: Verdict) -> str:
    if verdict.met is None:
        return "-"
    text = "met" if verdict.met else "**not met**"
    return text + (f", at {events(verdict.at)}" if verdict.at < target.events else "")
