#!/usr/bin/env python3
"""Writes docs/BENCHMARKS.md and its plots from the results that are there.

    bench/report/write_report.py describe RESULTS STORES DUCKDB COMMAND   RESULTS/machine.json: what is measured on
    bench/report/write_report.py write RESULTS DOCS                       the page, of all parts that have results

RESULTS has a file of JSON for each part, as Google Benchmark writes it. tools/bench.sh calls this.
"""

import json
import sys
from pathlib import Path

import document
import machine
import plots
import results


def main(words: list[str]) -> int:
    if len(words) == 5 and words[0] == "describe":
        facts = {"command": words[4], "machine": machine.describe(words[2], words[3])}
        (Path(words[1]) / "machine.json").write_text(json.dumps(facts, indent=2) + "\n")
        return 0
    if len(words) == 3 and words[0] == "write":
        measured = results.read(Path(words[1]))
        facts = json.loads((Path(words[1]) / "machine.json").read_text())
        docs = Path(words[2])
        drawn = plots.draw(measured, docs / "benchmarks")
        page = document.write(measured, facts["machine"], facts["command"], drawn)
        (docs / "BENCHMARKS.md").write_text(page)
        return 1 if measured.failures else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
