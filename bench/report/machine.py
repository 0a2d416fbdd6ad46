"""What the figures were measured on and with; no names of machines, and no paths."""

import os
import re
import subprocess
from pathlib import Path


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _package(name: str) -> str:
    return _output("dpkg-query", "--show", "--showformat", "${Version}", name)


def _field(path: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", Path(path).read_text(), re.MULTILINE)
    return found[1] if found else ""


def describe(folder: str, duckdb_folder: str) -> dict[str, str]:
    """`folder` is where stores are made; `duckdb_folder`, where DuckDB's package is installed, or empty."""
    memory_kib = int(_field("/proc/meminfo", "MemTotal").split()[0])
    facts = {
        "cores": f"{os.cpu_count()} of {_field('/proc/cpuinfo', 'model name') or os.uname().machine}",
        "memory": f"{memory_kib / (1 << 20):.0f} GiB",
        "file system": _output("findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder),
        "system": f"{_os_name()}, Linux {os.uname().release}",
        "compiler": _output("c++", "--version").splitlines()[0],
        "revision": _output("git", "describe", "--always", "--dirty"),
        "RocksDB": _package("librocksdb-dev"),
        "simdjson": _package("libsimdjson-dev"),
        "SQLite": _package("libsqlite3-dev"),
        "LMDB": _package("liblmdb-dev"),
    }
    if duckdb_folder:
        facts["DuckDB"] = _output("node", f"{duckdb_folder}/duckdb.mjs", "version").removeprefix("v")
        facts["Node.js"] = _output("node", "--version").removeprefix("v")
    return {name: value for name, value in facts.items() if value}


def _os_name() -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE)
    return found[1] if found else ""
