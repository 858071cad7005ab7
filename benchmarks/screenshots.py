"""Pictures of the reports for docs/screenshots, from a folder of reports as `parity demo` fills it.

`python -m benchmarks.screenshots reports docs/screenshots`
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

__all__ = ["LARGEST", "Shot", "main", "shots", "take_all"]

LARGEST = 200_000  # bytes of a picture; a repository keeps every one that ever was
DESK, TELEPHONE, WALL = (1280, 860), (360, 740), (2560, 1300)
_FLAT = ".hero { background-image: none !important }"  # a gradient would be half of the file
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture: of which page, in which window, and what is scrolled to first."""

    name: str
    page: Path
    size: tuple[int, int] = DESK
    scheme: Literal["light", "dark"] = "light"
    at: str = ""


def shots(reports: Path) -> Iterator[Shot]:
    """What there is to be shown: each page once, the telling ones in other windows too."""
    yield from _of_nights(reports)
    for name in ("index", "checklist"):
        page = reports / f"{name}.html"
        if page.is_file():
            yield Shot(name=name, page=page)
    if (reports / "index.html").is_file():
        yield Shot(name="index-dark-2560", page=reports / "index.html", size=WALL, scheme="dark")
    phases = sorted(reports.glob("*/index.html"), key=lambda page: page.stat().st_size)
    if phases:
        yield Shot(name="phase", page=phases[-1])


def _of_nights(reports: Path) -> Iterator[Shot]:
    """The newest night of each verdict; of the failed one also its incidents and small window."""
    newest: dict[str, Path] = {}
    for result in sorted(reports.glob("*/*/result.json"), key=lambda path: path.parent.name):
        verdict = json.loads(result.read_text(encoding="utf-8"))["verdict"]
        newest[verdict] = result.with_name("index.html")
    for verdict, page in newest.items():
        yield Shot(name=f"night-{verdict}", page=page)
    if "fail" in newest:
        page = newest["fail"]
        yield Shot(name="night-fail-dark-360", page=page, size=TELEPHONE, scheme="dark")
        yield Shot(name="incident", page=page, at=".incident")
        yield Shot(name="rows", page=page, at="table.rows")


def main(argv: list[str] | None = None) -> int:
    """Takes all; 1 where there is none, or one is larger than a repository should keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=Path)
    parser.add_argument("into", type=Path)
    options = parser.parse_args(argv)
    options.into.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        fine = take_all(browser, options.reports, options.into)
        browser.close()
    return 0 if fine else 1


def take_all(browser: Browser, reports: Path, into: Path) -> bool:
    """Takes and lists them; False where there is none, or one is larger than `LARGEST`."""
    taken = [_take(browser, shot, into) for shot in shots(reports)]
    for picture in taken:
        print(f"{picture.stat().st_size / 1000:5,.0f} kB  {picture}")
    return bool(taken) and all(picture.stat().st_size <= LARGEST for picture in taken)


def _take(browser: Browser, shot: Shot, into: Path) -> Path:
    viewport: Any = {"width": shot.size[0], "height": shot.size[1]}
    context = browser.new_context(viewport=viewport, color_scheme=shot.scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(shot.page.absolute().as_uri())
    if shot.at and page.locator(shot.at).count():
        # Its heading is to be seen too.
        page.locator(shot.at).first.evaluate(
            "one => window.scrollTo(0, one.getBoundingClientRect().top + scrollY - 90)"
        )
    path = into / f"{shot.name}.png"
    page.screenshot(path=path, style=_FLAT)
    context.close()
    return path


if __name__ == "__main__":
    sys.exit(main())
