"""Sessions to export and to draw: real ones by the command line, many archived ones by SQL."""

import json
import random
import sqlite3
import subprocess
import time
import uuid

DAY = 86_400_000_000
TYPES = ["equity", "crypto", "portfolio", "comparative", "macro"]
ASSETS = ["AAPL", "MSFT", "IBM", "GOOG", "AMZN", "NVDA", "BRK.B", "BTC", "ETH", "GDP", "CPI", "TSLA", "META"]
USERS = ["ann", "bob", "chris", "dora", None]
TAGS = ["quarterly", "earnings", "watchlist", "client-17", "draft"]
# What stored text may look like; the door lets all of it in.
ODD = ['a,"b"', "two\nlines", "=1+1", "<b>&amp;</b>", "Zoë 🦀", "'; drop table sessions; --", " padded ", "\t", "null"]


def fiml(binary, data, *arguments, **options):
    """One call of the binary on this file, with none of the machine's settings."""
    environment = {"FIML_DATA": str(data), "HOME": str(data.parent)}
    return subprocess.run([binary, *arguments], env=environment, capture_output=True, timeout=300, **options)


def must(done):
    """The same, which must have succeeded."""
    assert done.returncode == 0, (done.args, done.returncode, done.stdout[-500:], done.stderr.decode())
    return done


def make(binary, data, archived, days=29, seed=1, odd=False):
    """Two live sessions, one archived by hand, and so many archived ones of the last days."""
    must(fiml(binary, data, "demo"))
    demo = json.loads(must(fiml(binary, data, "demo", "--json")).stdout)
    assert demo["status"] == "success", demo
    listed = json.loads(must(fiml(binary, data, "sessions", "list", "--json")).stdout)["sessions"]
    must(fiml(binary, data, "sessions", "archive", listed[0]["session_id"]))
    fill(data, archived, days, seed, odd)


def fill(data, sessions, days, seed, odd=False):
    """Writes figures of archived sessions, as retention leaves them."""
    chance = random.Random(seed)
    now = time.time_ns() // 1_000
    connection = sqlite3.connect(data)
    with connection:
        rows = (row(chance, now, days, n, odd) for n in range(sessions))
        connection.executemany("INSERT INTO session_metrics VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()


def row(chance, now, days, number, odd):
    """The figures of one session: more of them by day and in the week, and lately."""
    back = int(min(days - 0.01, abs(chance.gauss(0, days / 2)) % days) * DAY)
    created = now - back - DAY // 24
    session = uuid.UUID(int=(created // 1_000 << 80) | 7 << 76 | 2 << 62 | chance.getrandbits(62))
    queries = 0 if chance.random() < 0.12 else int(chance.expovariate(1 / 9)) + 1
    hits = sum(chance.random() < 0.35 + 0.2 * (1 - back / days / DAY) for _ in range(queries))
    lasted = int(queries * chance.expovariate(1 / 40) * 1_000_000) + number % 7
    expires = created + lasted + DAY // 24
    name = chance.choice(ODD) if odd else None
    user = chance.choice(USERS)
    tags = chance.sample(TAGS, chance.choice([0, 0, 1, 2]))
    kind = chance.choices(TYPES, [5, 2, 3, 2, 1])[0]
    assets = list(dict.fromkeys(chance.choices(ASSETS, range(len(ASSETS), 0, -1), k=chance.choice([1, 1, 2, 4]))))
    metrics = {
        "session_id": str(session),
        "user_id": user,
        "session_type": kind,
        "assets": assets,
        "tags": tags,
        "created_at": instant(created),
        "expires_at": instant(expires),
        "last_accessed_at": instant(created + lasted),
        "total_queries": queries,
        "cache_hits": hits,
        "query_types": counts(chance, queries, ["equity_price", "crypto_price", "fundamentals", name or "comparison"]),
        "sources": counts(chance, queries, ["file", "cache", "yahoo", name or "coinbase"]),
        "errors": counts(chance, queries // 9, ["symbol_not_found", "provider_unavailable", name or "timeout"]),
        "execution_times": counts(chance, queries, [str(n) for n in (12, 345, 1_200, 15_300, 80_500, 1_210_000)]),
    }
    return session.bytes, user, kind, created, json.dumps(metrics)


def counts(chance, queries, names):
    """So many queries over these names; a name that had none is not there."""
    counted = {}
    for _ in range(queries):
        name = chance.choices(names, range(len(names), 0, -1))[0]
        counted[name] = counted.get(name, 0) + 1
    return counted


def instant(micros):
    """Microseconds since 1970 as JSON has them."""
    seconds, rest = divmod(micros, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:06}Z"
