#!/usr/bin/env python3
"""Tests of the report, on results that are made up so that every right answer is known."""

import json
import re
import tempfile
import unittest
from pathlib import Path

import document
import plots
import results
import text
from targets import TARGETS, verdict_text


def run(name: str, repetition: int = 0, **counters: float) -> dict:
    return {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 3, "repetition_index": repetition,
            "threads": 1, "iterations": 1, "real_time": 1500.0, "cpu_time": 1.0, "time_unit": "ms", **counters}


def part(events: int, *runs: dict) -> dict:
    return {"context": {"events": str(events), "rocksdb": "optimised", "host_name": "secret", "executable": "/secret"},
            "benchmarks": list(runs)}


def imported(subject: str, rate: float, repetition: int = 0) -> dict:
    return run(f"Import/subject:{subject}/iterations:1/manual_time", repetition, **{
        "events/s": rate, "peak_rss": 2 << 30, "store_bytes": 1e9, "written/json": 1.5})


def grown(subject: str, events: int, rate: float) -> dict:
    return run(f"Growth/subject:{subject}/events:{events}/iterations:1/manual_time", **{
        "events/s": rate, "peak_rss": 1e8, "store_bytes": 1e9, **({"open_s": 0.5} if subject == "tallystick" else {})})


class ReportTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)

    def read(self, **parts: dict) -> results.Results:
        for name, document_ in parts.items():
            (self.folder / f"{name}.json").write_text(json.dumps(document_))
        return results.read(self.folder)

    def verdict(self, measured: results.Results, work: str) -> str:
        target = next(t for t in TARGETS if work in t.work)
        return verdict_text(target, target.judge(measured))

    def test_takes_the_median_and_leaves_aggregates_out(self):
        mean = imported("tallystick", 9e9) | {"run_type": "aggregate", "aggregate_name": "mean"}
        measured = self.read(**{"import": part(1000, *(imported("tallystick", rate, i) for i, rate in
                                                       enumerate((100.0, 900.0, 300.0))), mean)})
        figure = measured.one("Import", subject="tallystick")
        self.assertEqual(figure.values["events/s"], 300)
        self.assertEqual(figure.values["seconds"], 1.5)
        self.assertEqual(figure.repetitions, 3)
        self.assertEqual(figure.keys, {"subject": "tallystick"})

    def test_a_failed_benchmark_has_no_figure_and_is_told(self):
        failed = imported("sqlite", 0) | {"error_occurred": True, "error_message": "a wrong answer"}
        measured = self.read(**{"import": part(1000, imported("tallystick", 100), failed)})
        self.assertIsNone(measured.one("Import", subject="sqlite"))
        page = document.write(measured, {}, {}, frozenset())
        self.assertIn("a wrong answer", page)

    def test_targets_are_judged_by_their_ratios(self):
        measured = self.read(**{"import": part(10_000_000, imported("tallystick", 500_000), imported("sqlite", 20_001),
                                               imported("duckdb", 100_000))})
        self.assertEqual(self.verdict(measured, "(a) import of a file"), "met")
        self.assertEqual(self.verdict(measured, "against SQLite"), "**not met**")
        self.assertEqual(self.verdict(measured, "against DuckDB"), "met")
        self.assertEqual(self.verdict(measured, "peak memory"), "**not met**")
        self.assertEqual(self.verdict(measured, "kill -9"), "-")

    def test_imports_are_judged_by_a_step_of_growth_where_only_that_has_as_many_events(self):
        growth = part(100_000_000, grown("tallystick", 1_000_000, 400_000), grown("tallystick", 10_000_000, 500_000),
                      grown("sqlite", 10_000_000, 20_000))
        small = part(2_000_000, imported("tallystick", 1), imported("sqlite", 1), imported("duckdb", 1))
        measured = self.read(growth=growth, **{"import": small})
        self.assertEqual(self.verdict(measured, "(a) import of a file"), "met")
        self.assertEqual(self.verdict(measured, "against SQLite"), "met")
        target = next(t for t in TARGETS if "against SQLite" in t.work)
        self.assertEqual(target.judge(measured).measured, "25.00 × (a step of (h), one run)")
        self.assertEqual(self.verdict(measured, "against DuckDB"), "-")  # never of different numbers of events
        whole = part(10_000_000, imported("tallystick", 499_999))
        self.assertEqual(self.verdict(self.read(**{"import": whole}), "(a) import of a file"), "**not met**")

    def test_a_smaller_run_says_so(self):
        measured = self.read(growth=part(1_000_000, grown("tallystick", 10_000, 100),
                                         grown("tallystick", 1_000_000, 61)))
        self.assertEqual(self.verdict(measured, "(h)"), "met, at 1 million")

    def test_all_unchanged_may_write_nothing(self):
        name = "Unchanged/writers:1/iterations:1/manual_time"
        fast = run(name, **{"events/s": 200.0, "created/s": 100.0, "written_bytes": 0})
        self.assertEqual(self.verdict(self.read(resend=part(1_000_000, fast)), "(c)"), "met")
        self.assertEqual(self.verdict(self.read(resend=part(1_000_000, fast | {"written_bytes": 1})), "(c)"), "**not met**")

    def test_single_events_are_compared_with_the_faster_group_commit(self):
        def single(name: str, rate: float) -> dict:
            return run(f"Singles/subject:{name}/iterations:1/manual_time", **{
                "events/s": rate, "p50_us": 1.0, "p99_us": 2.0, "p99.9_us": 3.0})

        measured = self.read(live=part(1, single("tallystick", 130), single("rocksdb/concurrent:0", 99),
                                       single("rocksdb/concurrent:1", 101)))
        self.assertEqual(self.verdict(measured, "64 threads"), "**not met**")

    def test_where_a_peer_is_ahead_the_page_says_so(self):
        measured = self.read(**{"import": part(1, imported("tallystick", 200_000), imported("lmdb", 300_000),
                                               imported("sqlite", 10_000))})
        page = document.write(measured, {}, {}, frozenset())
        self.assertRegex(page, r"\| LMDB \| \*\*300,000\*\* \| 0.67 ×")
        self.assertRegex(page, r"\| SQLite \| 10,000 \| 20.00 ×")

    def test_the_page_names_no_machine_and_no_path(self):
        page = document.write(self.read(**{"import": part(1, imported("tallystick", 1))}), {}, {}, frozenset())
        self.assertNotIn("secret", page)

    def test_each_part_is_told_with_the_command_that_measured_it(self):
        measured = self.read(**{"import": part(5, imported("tallystick", 1)), "live": part(7),
                                "growth": part(1_000_000, grown("tallystick", 1_000_000, 1))})
        all_, growth = ({"command": command, "revision": "r1"} for command in ("bench.sh", "bench.sh --only growth"))
        page = document.write(measured, {}, {"import": all_, "live": all_, "growth": growth, "size": all_}, frozenset())
        self.assertIn("| `bench.sh` | r1 | import 5, live 7 |", page)
        self.assertIn("| `bench.sh --only growth` | r1 | growth 1 million |", page)
        self.assertNotIn("size", page.split("## Targets")[0])

    def test_a_busy_machine_is_told(self):
        for load, told in ((2.0, False), (9.5, True)):
            busy = part(1, imported("tallystick", 1))
            busy["context"]["load_avg"] = [load, 0.0, 0.0]
            page = document.write(self.read(**{"import": busy}), {}, {}, frozenset())
            self.assertEqual("busy with other work** (load 9.5)" in page, told)

    def test_parts_without_results_are_left_out(self):
        page = document.write(self.read(**{"import": part(1, imported("tallystick", 1))}), {}, {}, frozenset())
        self.assertEqual(re.findall(r"^## (.*)$", page, re.MULTILINE), ["Targets", "(a) Import of a file"])

    def test_figures_read_well(self):
        self.assertEqual(text.number(123456), "123,000")
        self.assertEqual(text.number(0.01234), "0.0123")
        self.assertEqual(text.duration(0.00025), "250 µs")
        self.assertEqual(text.size(3 << 29), "1.5 GiB")
        self.assertEqual(text.events(30_000_000), "30 million")
        self.assertEqual(text.events(1500), "1,500")

    @unittest.skipIf(plots.pyplot is None, "matplotlib is not installed")
    def test_plots_are_the_same_each_time(self):
        measured = self.read(growth=part(100, grown("tallystick", 1, 5), grown("tallystick", 100, 4),
                                         grown("lmdb", 1, 3)))
        once = [plots.draw(measured, self.folder / name) for name in ("a", "b")]
        self.assertEqual(once[0], {"growth"})
        first, second = ((self.folder / name / "growth.svg").read_bytes() for name in ("a", "b"))
        self.assertEqual(first, second)


if __name__ == "__main__":
    unittest.main()
