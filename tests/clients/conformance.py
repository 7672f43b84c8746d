"""Runs the official MCP suite against the fixtures and against `fiml serve --http`, and prints the totals.

Usage: conformance.py PATH_TO_FIML PATH_TO_FIXTURES PRICES

Both are held to what the revisions of 2025-11-25 and 2026-07-28 require, as frozen when each was released.
The fixtures stand behind the same layers as the product. What nobody can pass without fixtures is listed
for the product in tests/conformance; an entry that passes all the same fails the run, and so does a warning.
"""

import collections
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from server import place, serving

REVISIONS = ("2025-11-25", "2026-07-28")
LISTS = pathlib.Path(__file__).parent.parent / "conformance"


@contextlib.contextmanager
def fixtures(program):
    """The address of the fixtures' server, which ends when its input does."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.wait(timeout=30)


def unscored(revision):
    """The scenarios that are run beside what a revision requires."""
    listed = subprocess.run(["conformance", "list", "--requirements", revision], capture_output=True, check=True, text=True)
    _, _, beside = listed.stdout.partition("never scored")
    return set(re.findall(r"- (\S+) \[server\]", beside))


def count(folder, beside):
    """The checks by status, of what is required and of what is not."""
    required, other = collections.Counter(), collections.Counter()
    for checks in pathlib.Path(folder).rglob("checks.json"):
        scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$", "", checks.parent.name)
        counts = other if scenario in beside else required
        counts.update(check["status"] for check in json.loads(checks.read_text()))
    return required, other


def run(target, url, revision):
    """Whether one server meets one revision."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["conformance", "server", "--url", url, "--requirements", revision, "-o", folder]
        command += ["--expected-failures", str(LISTS / f"{target}-{revision}.yml")]
        suite = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        required, other = count(folder, unscored(revision))
    assert required["SUCCESS"], f"the suite checked nothing:\n{suite.stdout}"
    met = suite.returncode == 0
    verdict = "ok" if met else "FAILED"
    print(f"{verdict}: {target} against {revision}: {words(required)}; not required: {words(other)}", flush=True)
    if not met:
        print(suite.stdout)
    return met


def words(counts):
    """Totals as people read them."""
    known = {"SUCCESS": "passed", "FAILURE": "failed", "WARNING": "warned", "SKIPPED": "not applicable"}
    return ", ".join(f"{counts[status]} {word}" for status, word in known.items() if counts[status])


def main(fiml, program, prices):
    results = []
    with fixtures(program) as url:
        results += [run("fixtures", url, revision) for revision in REVISIONS]
    with tempfile.TemporaryDirectory() as folder, serving(fiml, prices, place(folder, "conformance"), folder) as url:
        results += [run("product", url, revision) for revision in REVISIONS]
    return 0 if all(results) else 1


sys.exit(main(*sys.argv[1:]))
