"""What the benchmark programs measured, read from the JSON that Google Benchmark writes: medians over repetitions."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

# Fields of a run that are no counters.
_NO_COUNTERS = {
    "name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index",
    "threads", "iterations", "real_time", "cpu_time", "time_unit", "aggregate_name", "aggregate_unit",
}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass
class Figure:
    """One benchmark, `Question/key:value/...`, and the median of each of its counters; "seconds" is its time."""

    question: str
    keys: dict[str, str]
    values: dict[str, float]
    repetitions: int = 1


@dataclass
class Results:
    figures: list[Figure] = field(default_factory=list)
    events: dict[str, int] = field(default_factory=dict)  # what each part was run with
    load: dict[str, float] = field(default_factory=dict)  # of the machine, in the minute before each part
    failures: list[str] = field(default_factory=list)
    rocksdb: set[str] = field(default_factory=set)  # the builds of RocksDB that were linked

    def all(self, question: str, **keys: object) -> list[Figure]:
        wanted = {key: str(value) for key, value in keys.items()}
        return [f for f in self.figures if f.question == question and wanted.items() <= f.keys.items()]

    def one(self, question: str, **keys: object) -> Figure | None:
        found = self.all(question, **keys)
        return found[0] if found else None

    def value(self, counter: str, question: str, **keys: object) -> float | None:
        figure = self.one(question, **keys)
        return None if figure is None else figure.values.get(counter)


def _split(name: str) -> tuple[str, dict[str, str]]:
    question, *parts = name.split("/")
    # What has no colon says how the time was taken (`real_time`), or names a variant (`by_time_random_ids`).
    keys = dict(part.split(":", 1) for part in parts if ":" in part)
    keys.pop("iterations", None)
    variants = [part for part in parts if ":" not in part and not part.endswith("_time")]
    if variants:
        keys["variant"] = variants[0]
    return question, keys


def read(folder: Path) -> Results:
    results = Results()
    for path in sorted(folder.glob("*.json")):
        if path.name == "machine.json":
            continue
        document = json.loads(path.read_text())
        results.events[path.stem] = int(document["context"]["events"])
        results.load[path.stem] = (document["context"].get("load_avg") or [0.0])[0]
        results.rocksdb.add(document["context"]["rocksdb"])
        runs: dict[str, list[dict]] = {}
        for run in document["benchmarks"]:
            if run.get("error_occurred"):
                results.failures.append(f"{run['run_name']}: {run.get('error_message', '')}")
            elif run["run_type"] == "iteration":
                runs.setdefault(run["run_name"], []).append(run)
        for name, repetitions in runs.items():
            question, keys = _split(name)
            values = {
                counter: statistics.median(run[counter] for run in repetitions)
                for counter in repetitions[0] if counter not in _NO_COUNTERS
            }
            values["seconds"] = statistics.median(run["real_time"] for run in repetitions) * _SECONDS[
                repetitions[0]["time_unit"]]
            results.figures.append(Figure(question, keys, values, len(repetitions)))
    return results
