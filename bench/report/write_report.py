#!/usr/bin/env python3
"""Writes docs/BENCHMARKS.md and its plots from the results that are there.

    bench/report/write_report.py describe RESULTS STORES DUCKDB COMMAND PART...   says what is going to be measured
    bench/report/write_report.py write RESULTS DOCS       writes the page, of all parts that have results

RESULTS has a file of JSON for each part, as Google Benchmark writes it, and machine.json, which tells what the parts
were measured on and by which command. tools/bench.sh calls this.
"""

import json
import sys
from pathlib import Path

import document
import machine
import plots
import results


def main(words: list[str]) -> int:
    if len(words) >= 6 and words[0] == "describe":
        path = Path(words[1]) / "machine.json"
        known = json.loads(path.read_text()) if path.exists() else {"parts": {}}
        facts = machine.describe(words[2], words[3])
        revision = facts.pop("revision")
        known["machine"] = facts
        known["parts"] |= {part: {"command": words[4], "revision": revision} for part in words[5:]}
        path.write_text(json.dumps(known, indent=2) + "\n")
        return 0
    if len(words) == 3 and words[0] == "write":
        measured = results.read(Path(words[1]))
        known = json.loads((Path(words[1]) / "machine.json").read_text())
        docs = Path(words[2])
        drawn = plots.draw(measured, docs / "benchmarks")
        page = document.write(measured, known["machine"], known["parts"], drawn)
        (docs / "BENCHMARKS.md").write_text(page)
        print("bench: wrote docs/BENCHMARKS.md", file=sys.stderr)
        return 1 if measured.failures else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
