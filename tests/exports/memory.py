"""Holds that an export's memory does not grow with the number of sessions.

Usage: memory.py PATH_TO_FIML_WITH_PARQUET

The peak is that of the process by the kernel's account (VmHWM). Ten times as many sessions, if they were held,
would cost hundreds of megabytes more; a fourth more is allowed, because the same export varies by a tenth.
"""

import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from sessions import fill, fiml, must

FEW, MANY = 20_000, 200_000


def peak(pid):
    """The peak of a running process in KiB; none once it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)


def start(binary, data, place):
    """An export that runs."""
    environment = {"FIML_DATA": str(data), "HOME": str(data.parent)}
    command = [binary, "export", "metrics", "-o", str(place)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def measured(binary, data, form):
    """The peak of one export, looked at until it ends."""
    place = data.parent / f"out.{form}"
    place.unlink(missing_ok=True)
    export, highest = start(binary, data, place), 0
    while export.poll() is None:
        highest = max(highest, peak(export.pid) or 0)
        time.sleep(0.002)
    assert export.returncode == 0 and highest > 0, export.returncode
    return highest


def interrupted(binary, data):
    """An export that is interrupted leaves no file."""
    place = data.parent / "interrupted.json"
    export = start(binary, data, place)
    while not list(data.parent.glob(".fiml-*.part")):
        assert export.poll() is None, "it ended before it began a file"
        time.sleep(0.002)
    export.send_signal(signal.SIGINT)
    assert export.wait(timeout=60) != 0, "it was done before it was interrupted"
    assert not place.exists() and not list(data.parent.glob(".fiml-*")), "it left a file"


def main(binary):
    with tempfile.TemporaryDirectory() as name:
        data = pathlib.Path(name) / "sessions.db"
        must(fiml(binary, data, "db", "create"))
        peaks = {}
        for total, more in ((FEW, FEW), (MANY, MANY - FEW)):
            fill(data, more, days=29, seed=total)
            for form in ("json", "csv", "parquet"):
                peaks[form, total] = measured(binary, data, form)
        for form in ("json", "csv", "parquet"):
            few, many = peaks[form, FEW], peaks[form, MANY]
            print(f"memory: {form} of {FEW:,} sessions {few:,} KiB, of {MANY:,} {many:,} KiB")
            assert many < few * 1.25, f"{form} grows with the number of sessions"
        interrupted(binary, data)
        print("memory: an interrupted export left nothing")


main(*sys.argv[1:])
