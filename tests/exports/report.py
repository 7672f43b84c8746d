"""Renders reports in headless Chromium and holds them to what a reader needs.

Usage: report.py PATH_TO_FIML [FOLDER_FOR_SCREENSHOTS]
"""

import json
import pathlib
import re
import sys
import tempfile

import chromium
from sessions import fiml, make, must

DESKTOP, PHONE = 1280, 360

PICTURES = """[...document.querySelectorAll("svg")].map(svg => {
  const box = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].filter(text => !text.classList.contains("ct-tip"));
  const sizes = texts.map(text => text.getBoundingClientRect()).filter(box => box.width > 0);
  return {
    width: box.width, height: box.height, role: svg.getAttribute("role"),
    title: svg.querySelector("title")?.textContent, desc: svg.querySelector("desc")?.textContent,
    text: Math.min(...texts.map(text => parseFloat(getComputedStyle(text).fontSize) * box.width / svg.viewBox.baseVal.width)),
    outside: sizes.filter(text => text.left < box.left - 1 || text.right > box.right + 1
      || text.top < box.top - 1 || text.bottom > box.bottom + 1).length,
  };
})"""

COLOURS = """[...document.querySelectorAll("svg [fill], svg [stroke]")].flatMap(
  shape => [shape.getAttribute("fill"), shape.getAttribute("stroke")])"""

# The contrast of every text with the page behind it, by the formula of WCAG 2.
CONTRAST = """(() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = light(getComputedStyle(document.body).backgroundColor);
  const contrast = colour => {
    const [low, high] = [light(colour), behind].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const written = [...document.querySelectorAll("svg text")].map(text => getComputedStyle(text).fill);
  const said = [...document.querySelectorAll("h1, h2, p, figcaption, dt, dd, td, th")].map(text => getComputedStyle(text).color);
  return Math.min(...[...written, ...said].map(contrast));
})()"""


TABLES = """Object.fromEntries([...document.querySelectorAll("section")].map(section => [
  section.querySelector("h2").textContent,
  [...section.querySelectorAll("tbody tr")].map(row => [...row.children].map(cell => cell.textContent)),
]))"""


def same_figures(tables, stats):
    """The tables beside the pictures say what `fiml stats` says."""
    over_time = tables["Sessions over time"]
    assert sum(int(row[1]) for row in over_time) == stats["total_sessions"]
    assert all(int(row[1]) == sum(map(int, row[2:])) for row in over_time)
    assert sum(int(row[1]) for row in tables["Queries over time"]) == stats["total_queries"]
    named = {"Top assets": ("top_assets", "symbol"), "Popular tags": ("popular_tags", "tag")}
    for title, (figure, name) in named.items():
        assert tables[title] == [[top[name], str(top["count"])] for top in stats[figure]], title
    counted = {
        "Types of sessions": "session_type_breakdown", "Types of queries": "query_type_distribution",
        "Sources": "source_distribution", "Errors": "error_distribution",
    }
    for title, figure in counted.items():
        assert {name: int(count) for name, count in tables[title]} == stats[figure], title
    spread = {
        "Session durations": "duration_seconds", "Execution times": "execution_time_ms",
        "Queries per session": "queries_per_session",
    }
    for title, figure in spread.items():
        assert {name: float(value) for name, value in tables[title]} == stats[figure], title


def write(binary, data, place, *filters):
    """A report of this file."""
    must(fiml(binary, data, "report", "-o", str(place), "--force", *filters))
    text = place.read_text()
    for outside in re.findall(r"(?:src|href|xlink:href)=[\"']?([^\"' >]+)|url\(([^)]+)\)", text):
        assert outside == ("data:,", ""), f"{place} refers to {outside}"
    assert "<script" not in text
    return text


def held(page, place, width, scheme, expected):
    """What holds in every width and scheme; the pictures that show."""
    page.requests.clear()
    page.look(width, scheme)
    page.open(place.as_uri())
    assert page.requests == [place.as_uri()], f"it asks for more than itself: {page.requests}"
    assert page.complaints == [], page.complaints
    shown = [picture for picture in page.evaluate(PICTURES) if picture["width"] > 0]
    titles = [picture["title"] for picture in shown]
    assert titles == expected, titles
    for picture in shown:
        assert picture["role"] == "img" and picture["desc"], picture
        assert picture["width"] >= 250 and picture["height"] >= 60, picture
        assert picture["text"] >= 9, f"text is too small to read: {picture}"
        assert picture["outside"] == 0, f"text is cut off: {picture}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
    assert page.evaluate("document.querySelectorAll('figure').length") == len(expected)
    assert page.evaluate("document.querySelectorAll('details table').length") == len(expected)
    assert page.evaluate(CONTRAST) >= 4.5, page.evaluate(CONTRAST)
    return shown


def main(binary, screenshots=None):
    with tempfile.TemporaryDirectory() as name, chromium.page() as page:
        folder = pathlib.Path(name)
        shots = pathlib.Path(screenshots or name)
        data = folder / "sessions.db"
        make(binary, data, 1_400)
        place = folder / "report.html"
        text = write(binary, data, place)
        expected = [
            "Sessions over time", "Queries over time", "Cache hits over time", "Mean duration over time",
            "Session durations", "Execution times", "Queries per session", "Top assets", "Popular tags",
            "Types of sessions", "Types of queries", "Sources", "Errors",
        ]
        named = set(re.findall(r"svg \[(?:fill|stroke)=\"(#[0-9A-F]{6})\"\]", text)) | {None, "none"}
        for scheme in ("light", "dark"):
            for width in (DESKTOP, PHONE):
                held(page, place, width, scheme, expected)
                page.screenshot(shots / f"report-{scheme}-{width}.png")
        drawn = set(page.evaluate(COLOURS)) - {"#000000"}
        assert drawn <= named, f"colours that the style does not name: {drawn - named}"
        assert page.evaluate("document.querySelector('dd').firstChild.textContent.trim()") == "1404"
        same_figures(page.evaluate(TABLES), json.loads(must(fiml(binary, data, "stats", "--json")).stdout))
        page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is white"
        page.printed(shots / "report.pdf")
        page.call("Emulation.setEmulatedMedia", media="")

        hostile = folder / "hostile.db"
        make(binary, hostile, 60, odd=True)
        place = folder / "hostile.html"
        text = write(binary, hostile, place, "--user", "ann", "--days", "2")
        assert "<b>ann</b>" in text and "<b>&amp;</b>" not in text
        page.look(DESKTOP, "light")
        page.requests.clear()
        page.open(place.as_uri())
        assert page.requests == [place.as_uri()] and page.complaints == [], (page.requests, page.complaints)

        place = folder / "nothing.html"
        text = write(binary, data, place, "--user", "nobody")
        assert "<svg" not in text and "No session was created" in text
        held(page, place, PHONE, "dark", [])
        page.screenshot(shots / "report-nothing.png")

        long = folder / "long.html"
        text = write(binary, data, long, "--days", "3650")
        assert "no pictures over time" in text
        held(page, long, DESKTOP, "light", expected[4:])
        print(f"report: {len(expected)} pictures hold in light and dark, on a desktop and a phone; nothing is asked for outside")


main(*sys.argv[1:])
