"""docs/BENCHMARKS.md from results: the targets first, then a section for each question."""

from collections.abc import Callable

import text
from results import Figure, Results
from subjects import NAMES, in_order
from targets import TARGETS, verdict_text

_HEAD = """# Benchmarks

How fast Tallystick is, beside what a user would pick instead and beside what RocksDB can do at best. This page is
written by `tools/bench.sh` from what it has measured: change the programs in `bench/`, not the page. The head of each
program says exactly what it measures; every one checks its answer before it reports its speed.

All subjects are given the same made-up events (`bench/events.h`: some 280 bytes of JSON each, few customers with most
of them, every fiftieth sent superseding an earlier one unless said otherwise), keep the last one of an id, and find
events by id, by time, and by customer and time. Figures are medians of {repetitions}. Ratios are within one run, whose
repetitions are interleaved in random order. Where a peer is ahead of Tallystick its figure is **bold**.

"""


def _section(title: str, explanation: str, body: str, plot: str = "", plots: frozenset[str] = frozenset()) -> str:
    if not body:
        return ""
    image = f"\n![{title}](benchmarks/{plot}.svg)\n" if plot in plots else ""
    return f"## {title}\n\n{explanation.strip()}\n\n{body}{image}\n"


def _against(figures: list[Figure], counter: str, show: Callable[[float], str],
             more_is_better: bool = True) -> list[str]:
    """For each figure its text, bold where it is better than Tallystick's among them."""
    ours = next((f.values[counter] for f in figures if f.keys.get("subject") == "tallystick"), None)
    cells = []
    for figure in figures:
        value = figure.values[counter]
        ahead = ours is not None and (value > ours if more_is_better else value < ours)
        cells.append(f"**{show(value)}**" if ahead else show(value))
    return cells


def _targets(results: Results) -> str:
    rows = []
    for target in TARGETS:
        verdict = target.judge(results)
        rows.append([target.work, target.target, verdict.measured, verdict_text(target, verdict)])
    return text.table(["work", "target", "measured", ""], rows)


def _import(results: Results) -> str:
    figures = in_order(results.all("Import"))
    ours = results.value("events/s", "Import", subject="tallystick")
    rates = _against(figures, "events/s", text.rate)
    memory = _against(figures, "peak_rss", text.size, more_is_better=False)
    rows = [[NAMES[f.keys["subject"]], rates[i], text.times(ours, f.values["events/s"]), memory[i],
             text.size(f.values["store_bytes"]), text.number(f.values["written/json"])] for i, f in enumerate(figures)]
    if not rows:
        return ""
    body = text.table(["subject", "events/s", "Tallystick is", "peak memory", "on disk at the end", "written, by JSON"],
                      rows)
    owed = results.value("owed", "Import", subject="tallystick")
    return body + (f"\nWhat Tallystick's store still had to compact: {text.size(owed)}.\n" if owed is not None else "")


def _sustained(results: Results) -> str:
    figures = in_order(results.all("Sustained"))
    ours = results.value("events/s", "Sustained", subject="tallystick")
    rates = _against(figures, "events/s", text.rate)
    rows = [[NAMES[f.keys["subject"]], rates[i], text.times(ours, f.values["events/s"]),
             *(text.duration(f.values[p] / 1e6) for p in ("p50_us", "p99_us", "p99.9_us"))]
            for i, f in enumerate(figures)]
    return text.table(["subject", "events/s", "Tallystick is", "p50", "p99", "p99.9"], rows) if rows else ""


def _singles(results: Results) -> str:
    figures = in_order(results.all("Singles"))
    ours = results.value("events/s", "Singles", subject="tallystick")
    rates = _against(figures, "events/s", text.rate)
    rows = []
    for i, f in enumerate(figures):
        name = NAMES[f.keys["subject"]]
        if "concurrent" in f.keys:
            name += ", each inserts its rows" if f.keys["concurrent"] == "1" else ", the leader inserts all rows"
        rows.append([name, rates[i], text.times(ours, f.values["events/s"]),
                     *(text.duration(f.values[p] / 1e6) for p in ("p50_us", "p99_us", "p99.9_us"))])
    if not rows:
        return ""
    body = text.table(["subject", "events/s", "Tallystick is", "p50", "p99", "p99.9"], rows)
    fsync = results.one("Fdatasync")
    if fsync is not None:
        body += (f"\nOne append and fdatasync of a file on this disk: {text.duration(fsync.values['p50_us'] / 1e6)} "
                 f"(p99 {text.duration(fsync.values['p99_us'] / 1e6)}).\n")
    return body


def _live(results: Results) -> str:
    subjects = [s for s in NAMES if results.all("Live", subject=s)]
    if not subjects:
        return ""
    rows = []
    for durability in ("synced", "buffered"):
        for batch in (1, 100, 1000):
            for writers in (1, 4, 16):
                figures = [results.one("Live", subject=s, durability=durability, batch=batch, writers=writers)
                           for s in subjects]
                found = [f for f in figures if f is not None]
                if not found:
                    continue
                rates = dict(zip((f.keys["subject"] for f in found), _against(found, "events/s", text.rate)))
                tails = {f.keys["subject"]: " / ".join(text.duration(f.values[p] / 1e6)
                                                       for p in ("p50_us", "p99_us", "p99.9_us")) for f in found}
                row = [f"{durability}, {batch:,} by {writers}"]
                for subject in subjects:
                    row += [rates.get(subject, "-"), tails.get(subject, "-")]
                rows.append(row)
    head = ["batches"]
    for subject in subjects:
        head += [f"{NAMES[subject]}, events/s", "p50 / p99 / p99.9"]
    return text.table(head, rows)


def _resend(results: Results) -> str:
    rows = []
    # Repetitions come in random order.
    for f in sorted(results.all("Superseding"), key=lambda f: (f.keys["writers"], int(f.keys["percent"]))):
        rows.append([f"{f.keys['percent']} % superseding, {f.keys['writers']} thread(s)",
                     text.rate(f.values["events/s"]), "", ""])
    for f in sorted(results.all("Unchanged"), key=lambda f: f.keys["writers"]):
        rows.append([f"100 % unchanged, {f.keys['writers']} thread(s)", text.rate(f.values["events/s"]),
                     text.times(f.values["events/s"], f.values["created/s"]), text.size(f.values["written_bytes"])])
    return text.table(["events sent", "events/s", "by created", "written"], rows) if rows else ""


def _get(results: Results) -> str:
    rows = []
    for present, what in (("1", "is there"), ("0", "is not there")):
        figures = in_order(results.all("Get", present=present))
        times = _against(figures, "seconds", text.duration, more_is_better=False)
        if figures:
            rows.append([what, *times])
    names = [NAMES[f.keys["subject"]] for f in in_order(results.all("Get", present="1"))]
    return text.table(["the event", *names], rows) if rows else ""


def _scan(results: Results) -> str:
    groups = [("every event, 1 thread", results.all("FullScan", threads=1)),
              ("every event, 2 threads", results.all("FullScan", threads=2)),
              ("one day", results.all("DayScan")),
              ("the customer with the most events", results.all("CustomerScan", customer=1)),
              ("the 100th customer", results.all("CustomerScan", customer=100))]
    subjects = [s for s in NAMES if any(f.keys["subject"] == s for _, figures in groups for f in figures)]
    rows = []
    for what, figures in groups:
        if not figures:
            continue
        cells = dict(zip((f.keys["subject"] for f in figures), _against(figures, "events/s", text.rate)))
        rows.append([f"{what} ({text.number(figures[0].values['events'])})", *(cells.get(s, "-") for s in subjects)])
    return text.table(["events read", *(f"{NAMES[s]}, events/s" for s in subjects)], rows) if rows else ""


_METERS = {
    "Sum": "the sum of one type's amounts", "SumByRegion": "the same by region", "UniqueUsers": "distinct users",
    "CustomerByDay": "one customer by day", "DeclaredCustomerByDay": "declared: one customer by day",
    "DeclaredByRegionAndDay": "declared: by region and day", "DeclaredUsersByDay": "declared: distinct users by day",
    "Scan": "a plain scan, to compare",
}


def _meters(results: Results) -> str:
    rows = []
    for question, what in _METERS.items():
        for f in sorted(results.all(question), key=lambda f: sorted(f.keys.items())):
            details = ", ".join(f"{key} {value}" for key, value in f.keys.items())
            rows.append([what + (f" ({details})" if details else ""), text.duration(f.values["seconds"]),
                         text.rate(f.values.get("events/s"))])
    return text.table(["question", "time", "events read/s"], rows) if rows else ""


_FAMILIES = ["event_ids", "events", "customers", "changes", "rollups", "default"]


def _bytes(results: Results) -> str:
    rows = [[f"{f.keys['ids']} ids", text.number(f.values["bytes/event"]),
             *(text.number(f.values.get(family, 0)) for family in _FAMILIES),
             text.number(f.values["json_bytes/event"]), text.number(f.values["live/json"]),
             text.number(f.values["compact/json"])]
            for f in sorted(results.all("BytesAtRest"), key=lambda f: f.keys["ids"])]
    return text.table(["bytes per event", "all", *(f"`{family}`" for family in _FAMILIES), "JSON",
                       "written live, by JSON", "by the last compaction, by JSON"], rows) if rows else ""


def _growth(results: Results) -> str:
    figures = results.all("Growth")
    subjects = [s for s in NAMES if any(f.keys["subject"] == s for f in figures)]
    rows = []
    for count in sorted({int(f.keys["events"]) for f in figures}):
        of_size = [f for f in figures if int(f.keys["events"]) == count]
        cells = dict(zip((f.keys["subject"] for f in of_size), _against(of_size, "events/s", text.rate)))
        ours = next((f.values for f in of_size if f.keys["subject"] == "tallystick"), {})
        rows.append([text.events(count), *(cells.get(s, "-") for s in subjects), text.duration(ours.get("open_s")),
                     text.size(ours.get("peak_rss")), text.size(ours.get("store_bytes")), text.size(ours.get("owed"))])
    return text.table(["events", *(f"{NAMES[s]}, events/s" for s in subjects), "Tallystick: opening", "peak memory",
                       "on disk", "still to compact"], rows) if rows else ""


def _open(results: Results) -> str:
    rows = []
    for f in sorted(results.all("OpenClosed"), key=lambda f: f.keys["profile"], reverse=True):
        busy = results.one("Busy", profile=f.keys["profile"])
        rows.append([f"closed, profile {f.keys['profile']}", text.duration(f.values["seconds"]),
                     text.size(f.values["rss"]), text.size(busy.values["busy_rss"]) if busy else "-"])
    for f in results.all("OpenKilled"):
        rows.append([f"killed with a log of {text.size(f.values['log_bytes'])}, profile {f.keys['profile']}",
                     text.duration(f.values["seconds"]), "-", "-"])
    return text.table(["the store was", "opening takes", "memory then", "the most while busy"], rows) if rows else ""


_BUSY = 6.0  # a load that the benchmarks alone do not make on two cores


def _runs(results: Results, parts: dict[str, dict[str, str]]) -> str:
    """Which command measured which parts, of how many events."""
    runs: dict[tuple[str, str], list[str]] = {}
    for part, count in results.events.items():
        run = parts.get(part, {"command": "?", "revision": "?"})
        runs.setdefault((run["command"], run["revision"]), []).append(f"{part} {text.events(count)}")
    rows = [[f"`{command}`", revision, ", ".join(measured)] for (command, revision), measured in runs.items()]
    page = text.table(["command", "revision", "parts, and their events"], rows).replace("---:", "---")
    # A part leaves some load to the next one.
    if max(results.load.values(), default=0) > _BUSY:
        page += (f"\n**The machine was busy with other work** (load {max(results.load.values()):.1f}): figures are for"
                 " a first look, and ratios may be far off.\n")
    return page


def write(results: Results, machine: dict[str, str], parts: dict[str, dict[str, str]], plots: frozenset[str]) -> str:
    """`parts`: of each part, the "command" that measured it and the "revision" that was measured."""
    repeats = sorted({f.repetitions for f in results.figures})
    repetitions = " or ".join(str(n) for n in repeats) + (" runs" if repeats != [1] else " run")
    page = _HEAD.format(repetitions=repetitions) + _runs(results, parts) + "\n"

    facts = dict(machine)
    if results.rocksdb:
        facts["RocksDB"] = f"{facts.get('RocksDB', '')} ({', '.join(sorted(results.rocksdb))} build)"
    page += text.table(["machine and versions", ""], [list(fact) for fact in facts.items()]).replace("---:", "---")
    page += "\n"
    page += "## Targets\n\n" + _targets(results).replace("---:", "---") + "\n"
    if plots and "peers" in plots:
        page += "![Peers side by side](benchmarks/peers.svg)\n\n"
    if results.failures:
        page += "Failed, and so not below:\n\n" + "".join(f"- {failure}\n" for failure in results.failures) + "\n"

    page += _section("(a) Import of a file", """
A file of JSON, an event a line, becomes a durable store: by a process of its own, from its start to its end. SQLite
and LMDB get transactions of 10,000 events. "SQLite, indexes last" makes its two indexes when all events are there,
which only a first import can do. DuckDB has a primary key and no other index, and reads the whole file in one
statement. LMDB's memory is mostly its mapped file.""", _import(results))
    page += _section("(b) Live writers, sustained", """
Batches of 1,000, buffered, two threads. "RocksDB alone" is the ceiling: the very rows that Tallystick writes, made
beforehand, sorted within each batch, with a log, by one thread that does nothing else. LMDB is not given an
equivalent of buffered: a machine crash may damage its file (`MDB_NOSYNC`), where Tallystick and SQLite lose the newest
writes at most.""", _sustained(results))
    page += _section("(b) Single events, synced, 64 threads", """
One event a call. "RocksDB alone" is its own group commit of the same events' rows by 64 threads, made beforehand.""",
                     _singles(results), "latency", plots)
    page += _section("(b) Live writers, all kinds", """
Batches of 1, 100 and 1,000 events by 1, 4 and 16 threads; synced ones end with a sync of the disk each. The latency is
that of a call. SQLite and LMDB have one writer at a time, and who waits does so for a mutex that is not fair: their
longest waits are long.""", _live(results))
    page += _section("(c) Events that come again", """
Batches of 1,000, buffered. The last rows re-send everything: what is written is the whole process's, and no file of the
database may change.""", _resend(results))
    page += _section("(d) Get by id", "One event by its id, one thread, random ids; the store has been opened anew.",
                     _get(results))
    page += _section("(e) Scans", """
In the order of time. "RocksDB alone" is a bare iterator over the very rows that Tallystick reads, which neither decodes
nor compares them. SQLite and LMDB look each event of a customer up (SQLite each one of a range of time, too); LMDB
reads from memory that it has mapped, neither compressed nor checksummed.""", _scan(results))
    page += _section("(f) Meters", "Asked of a month of usage; declared ones answer from rollups.", _meters(results))
    page += _section("(g) Bytes at rest, and bytes written", """
Every family merged into its last level. Written live: log, flushes and compactions until the store was idle, by the
bytes of JSON.""", _bytes(results))
    page += _section("(h) Growth", """
Imports as in (a), into new stores of growing size, and how long opening takes then.""",
                     _growth(results), "growth", plots)
    page += _section("(i) Opening and memory", """
By a process of its own. Busy: a tenth as many events more, in batches of 100, and as many read.""", _open(results))
    return page.rstrip("\n") + "\n"
