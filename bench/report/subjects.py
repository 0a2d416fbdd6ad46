"""What is compared: names for people, the order in tables, colours in plots."""

NAMES = {
    "tallystick": "Tallystick",
    "ceiling": "RocksDB alone, one writer",
    "rocksdb": "RocksDB alone",
    "lmdb": "LMDB",
    "sqlite": "SQLite",
    "sqlite_indexes_last": "SQLite, indexes last",
    "duckdb": "DuckDB",
}
COLOURS = {
    "tallystick": "#0b6e4f",
    "ceiling": "#7f7f7f",
    "rocksdb": "#7f7f7f",
    "lmdb": "#d17a22",
    "sqlite": "#2f6690",
    "sqlite_indexes_last": "#81a4cd",
    "duckdb": "#c9a227",
}


def in_order(figures: list) -> list:
    return sorted(figures, key=lambda f: (list(NAMES).index(f.keys["subject"]), sorted(f.keys.items())))
