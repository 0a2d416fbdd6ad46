"""The plots of docs/BENCHMARKS.md. The same results give the same bytes."""

from pathlib import Path

from results import Results
from subjects import COLOURS, NAMES

try:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot, ticker
except ImportError:  # the page is then without plots
    pyplot = None


def _finish(figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    pyplot.close(figure)


def _growth(results: Results, path: Path) -> bool:
    figures = results.all("Growth")
    if len({f.keys["events"] for f in figures}) < 2:
        return False
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for subject, name in NAMES.items():
        points = sorted((int(f.keys["events"]), f.values["events/s"]) for f in figures if f.keys["subject"] == subject)
        if points:
            axes.plot(*zip(*points), marker="o", color=COLOURS[subject], label=name,
                      linewidth=2.5 if subject == "tallystick" else 1.5)
    axes.set(xscale="log", yscale="log", xlabel="events imported into a new store", ylabel="events per second",
             title="Import as the store grows")
    axes.xaxis.set_major_formatter(ticker.EngFormatter(sep=""))
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.EngFormatter(sep=""))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    axes.legend(frameon=False)
    axes.grid(True, which="major", alpha=0.3)
    _finish(figure, path)
    return True


def _latency(results: Results, path: Path) -> bool:
    """Single synced events: what a call takes, by how many threads send."""
    subjects = [s for s in ("tallystick", "rocksdb", "lmdb", "sqlite") if results.all("Live", subject=s) or
                results.all("Singles", subject=s)]
    if not results.all("Singles") or not results.all("Live", durability="synced", batch=1):
        return False
    figure, panels = pyplot.subplots(1, 3, figsize=(10, 3.6), sharey=True)
    for panel, (counter, name) in zip(panels, (("p50_us", "p50"), ("p99_us", "p99"), ("p99.9_us", "p99.9"))):
        for subject in subjects:
            points = [(int(f.keys["writers"]), f.values[counter] / 1000)
                      for f in results.all("Live", subject=subject, durability="synced", batch=1)]
            fastest = max(results.all("Singles", subject=subject), key=lambda f: f.values["events/s"], default=None)
            if fastest is not None:
                points.append((64, fastest.values[counter] / 1000))
            if points:
                panel.plot(*zip(*sorted(points)), marker="o", color=COLOURS[subject], label=NAMES[subject],
                           linewidth=2.5 if subject == "tallystick" else 1.5)
        fsync = results.value(counter, "Fdatasync")
        if fsync is not None:
            panel.axhline(fsync / 1000, color="black", linestyle=":", linewidth=1, label="one fdatasync")
        panel.set(xscale="log", yscale="log", title=name, xlabel="threads")
        panel.set_xticks([1, 4, 16, 64], labels=["1", "4", "16", "64"])
        panel.minorticks_off()
        panel.grid(True, which="major", alpha=0.3)
    panels[0].set_ylabel("milliseconds a call")
    panels[0].legend(frameon=False, fontsize="small")
    figure.suptitle("Single events, synced: latency by threads", y=1.02)
    _finish(figure, path)
    return True


# Of each, a counter of which more is better.
_WORK = [
    ("import of a file", "Import", {}),
    ("live, 2 threads", "Sustained", {}),
    ("single, synced, 16 threads", "Live", {"durability": "synced", "batch": 1, "writers": 16}),
    ("get by id", "Get", {"present": 1}),
    ("scan, all", "FullScan", {"threads": 1}),
    ("scan, a customer", "CustomerScan", {"customer": 1}),
]
_PEERS = ["tallystick", "lmdb", "sqlite", "duckdb"]


def _peers(results: Results, path: Path) -> bool:
    bars = []
    for work, question, keys in _WORK:
        rates = {}
        for subject in _PEERS:
            counter = "gets/s" if question == "Get" else "events/s"
            value = results.value(counter, question, subject=subject, **keys)
            if value:
                rates[subject] = value
        if "tallystick" in rates and len(rates) > 1:
            bars.append((work, {subject: rate / rates["tallystick"] for subject, rate in rates.items()}))
    if not bars:
        return False
    figure, axes = pyplot.subplots(figsize=(8, 4))
    width = 0.8 / len(_PEERS)
    for i, subject in enumerate(_PEERS):
        places = [(at + i * width, ratios[subject]) for at, (_, ratios) in enumerate(bars) if subject in ratios]
        if places:
            axes.bar(*zip(*places), width=width, color=COLOURS[subject], label=NAMES[subject])
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks([at + 1.5 * width for at in range(len(bars))], labels=[work for work, _ in bars], fontsize="small",
                    rotation=15, ha="right")
    axes.set(yscale="log", ylabel="speed, Tallystick = 1", title="Peers side by side")
    axes.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axes.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    axes.grid(True, axis="y", which="major", alpha=0.3)
    _finish(figure, path)
    return True


def draw(results: Results, folder: Path) -> frozenset[str]:
    """Draws what the results suffice for. Returns the plots' names; none without matplotlib."""
    if pyplot is None:
        return frozenset()
    # Ids in an SVG are hashes with a random salt, unless it is given.
    pyplot.rcParams.update({"svg.hashsalt": "tallystick", "svg.fonttype": "none", "font.family": "sans-serif",
                            "axes.spines.top": False, "axes.spines.right": False})
    folder.mkdir(parents=True, exist_ok=True)
    plots = {"growth": _growth, "latency": _latency, "peers": _peers}
    return frozenset(name for name, plot in plots.items() if plot(results, folder / f"{name}.svg"))
