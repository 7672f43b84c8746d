"""Exports sessions as JSON, CSV and Parquet, reads all three back, and compares every value.

Usage: formats.py PATH_TO_FIML_WITH_PARQUET PATH_TO_FIML_WITHOUT
"""

import csv
import datetime
import json
import pathlib
import sqlite3
import sys
import tempfile

import pyarrow
import pyarrow.parquet
from sessions import fiml, make, must

LISTS = {"assets", "tags"}
MAPS = {"query_types", "sources", "errors", "execution_times_us"}
INSTANTS = {"created_at", "expires_at", "last_accessed_at"}
FLAGS = {"is_expired", "is_archived"}
COUNTS = {"total_queries", "cache_hits"}


def from_csv(column, cell):
    """A cell as JSON has it."""
    if column in LISTS | MAPS:
        return json.loads(cell)
    if column in FLAGS:
        return {"true": True, "false": False}[cell]
    if column in COUNTS:
        return int(cell)
    if column == "duration_seconds":
        return float(cell)
    return (cell or None) if column == "user_id" else cell


def from_parquet(column, value):
    """A value as JSON has it, but for instants."""
    return {str(key): count for key, count in value} if column in MAPS else value


def parsed(row):
    """Instants as instants, to the microsecond."""
    instants = {name: datetime.datetime.fromisoformat(row[name]) for name in INSTANTS}
    return {**row, **instants}


def types(schema):
    """The types as docs/analytics.md has them."""
    instant, text, number = pyarrow.timestamp("us", tz="UTC"), pyarrow.string(), pyarrow.int64()
    expected = {name: instant for name in INSTANTS} | {name: pyarrow.bool_() for name in FLAGS}
    expected |= {name: number for name in COUNTS} | {name: text for name in ("session_id", "user_id", "session_type")}
    expected |= {"duration_seconds": pyarrow.float64()}
    for name, kind in expected.items():
        assert schema.field(name).type == kind, (name, schema.field(name).type)
    for name in LISTS:
        assert pyarrow.types.is_list(schema.field(name).type) and schema.field(name).type.value_type == text, name
    for name in MAPS:
        kind = schema.field(name).type
        key = number if name == "execution_times_us" else text
        assert pyarrow.types.is_map(kind) and (kind.key_type, kind.item_type) == (key, number), (name, kind)
    nullable = {name for name in schema.names if schema.field(name).nullable}
    assert nullable == {"user_id"}, nullable


def read_back(binary, data, folder, *filters):
    """One export in each form, compared value by value; the rows as JSON has them."""
    files = {}
    for form in ("json", "csv", "parquet"):
        files[form] = folder / f"out.{form}"
        command = ["export", "metrics", "-o", str(files[form]), "--force", *filters]
        done = json.loads(must(fiml(binary, data, *command, "--json")).stdout)
        assert done["format"] == form and done["bytes"] == files[form].stat().st_size, done
    text = files["json"].read_text()
    rows = json.loads(text)
    assert text.count("\n") == (len(rows) + 2 if rows else 1), "an object a line"
    assert must(fiml(binary, data, "export", "metrics", *filters)).stdout.decode() == text, "stdout is the same"
    with files["csv"].open(newline="") as lines:
        reader = csv.DictReader(lines)
        table = [{name: from_csv(name, cell) for name, cell in row.items()} for row in reader]
        columns = reader.fieldnames
    assert table == rows, "CSV says what JSON says"
    parquet = pyarrow.parquet.read_table(files["parquet"])
    types(parquet.schema)
    assert parquet.column_names == columns, (parquet.column_names, columns)
    found = [{name: from_parquet(name, value) for name, value in row.items()} for row in parquet.to_pylist(maps_as_pydicts=None)]
    assert found == [parsed(row) for row in rows], "Parquet says what JSON says"
    for row in rows:
        assert list(row) == columns, row
    return rows


def figures(binary, data, rows, *filters):
    """Rows add up to the figures."""
    stats = json.loads(must(fiml(binary, data, "stats", "--json", *filters)).stdout)
    for name, mine in {
        "total_sessions": len(rows),
        "active_sessions": sum(not row["is_expired"] for row in rows),
        "archived_sessions": sum(row["is_archived"] for row in rows),
        "total_queries": sum(row["total_queries"] for row in rows),
        "abandoned_sessions": sum(row["is_expired"] and row["total_queries"] < 2 for row in rows),
    }.items():
        assert stats[name] == mine, (filters, name, stats[name], mine)
    sources = {}
    for row in rows:
        for source, count in row["sources"].items():
            sources[source] = sources.get(source, 0) + count
    assert stats["source_distribution"] == sources, filters


def refusals(binary, without, data, folder):
    """What is refused leaves nothing behind."""
    place = folder / "kept.csv"
    place.write_text("mine")
    done = fiml(binary, data, "export", "metrics", "-o", str(place))
    assert done.returncode == 2 and b"--force" in done.stderr, done
    assert place.read_text() == "mine"
    done = fiml(binary, data, "export", "metrics", "--format", "parquet")
    assert done.returncode == 2 and b"--output" in done.stderr, done
    done = fiml(without, data, "export", "metrics", "-o", str(folder / "none.parquet"))
    assert done.returncode == 2 and b"--features parquet" in done.stderr, done
    connection = sqlite3.connect(data)
    with connection:
        oldest = "SELECT id FROM session_metrics ORDER BY created_at LIMIT 1"
        connection.execute(f"UPDATE session_metrics SET metrics = '{{' WHERE id = ({oldest})")
    connection.close()
    before = sorted(folder.iterdir())
    for form in ("json", "csv", "parquet"):
        done = fiml(binary, data, "export", "metrics", "-o", str(folder / f"half.{form}"))
        assert done.returncode != 0 and b"nothing was written" in done.stderr, done
    assert sorted(folder.iterdir()) == before, "a failed export leaves no file"


def main(binary, without):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "sessions.db"
        make(binary, data, 12_000, odd=True)
        out = folder / "out"
        out.mkdir()
        sizes = {}
        for filters in (
            [], ["--user", "ann"], ["--type", "macro"], ["--asset", "btc", "--days", "7"], ["--tag", "draft"],
            ["--user", "nobody"],
        ):
            rows = read_back(binary, data, out, *filters)
            figures(binary, data, rows, *filters)
            sizes[" ".join(filters) or "all"] = len(rows)
            groups = pyarrow.parquet.ParquetFile(out / "out.parquet").metadata.num_row_groups
            assert groups == -(-len(rows) // 10_000), (len(rows), groups)
        assert sizes["--user nobody"] == 0 and sizes["all"] == 12_004, sizes
        assert 0 < min(size for name, size in sizes.items() if name != "--user nobody"), sizes
        refusals(binary, without, data, out)
        print(f"formats: JSON, CSV and Parquet agree on every value of {sizes}")


main(*sys.argv[1:])
