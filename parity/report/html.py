"""The pages: Jinja2 with autoescape, one file each, nothing fetched, nothing run but our own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parity.model.verdict import Verdict
from parity.report.headline import night_line
from parity.report.serving import ServingView, switches_before
from parity.report.view import (
    NightRow,
    NightView,
    dataset_names,
    newest_first,
    symbol_of,
    word_of,
)
from parity.report.words import day, visible

__all__ = ["index_page", "night_page"]

_ICON_COLOURS = {Verdict.PASS: "#0b6b4f", Verdict.FAIL: "#b3261e", Verdict.UNDECIDED: "#8a5700"}
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" '
    'rx="8" fill="{colour}"/><text x="16" y="24" font-family="sans-serif" font-size="22" '
    'font-weight="700" text-anchor="middle" fill="#fff">{symbol}</text></svg>'
)


def night_page(view: NightView) -> str:
    """A night as one self-contained HTML page."""
    return _render("night.html.j2", view.verdict, night=view)


def index_page(
    rows: Sequence[NightRow],
    *,
    migration: str,
    serving: ServingView | None = None,
    checklist: bool = False,
) -> str:
    """All nights as one self-contained HTML page, newest session first.

    `serving` says what consumers read, and what stands between the nights; `checklist` is True
    where checklist.html is there to be linked.
    """
    nights = newest_first(rows)
    latest = nights[0] if nights else None
    return _render(
        "index.html.j2",
        latest.verdict if latest else Verdict.UNDECIDED,
        nights=nights,
        latest=latest,
        names=dataset_names(nights),
        migration=visible(migration),
        serving=serving,
        switches=switches_before(serving, nights),
        checklist=checklist,
    )


def _render(template: str, verdict: Verdict, **values: object) -> str:
    style, script = _asset("style.css"), _asset("table.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return _environment().get_template(template).render(
        **values, verdict=verdict, style=Markup(style), script=Markup(script), policy=policy,  # noqa: S704
        icon=_icon(verdict),  # style and script are files of this package, never data
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("parity.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        word=word_of,
        symbol=symbol_of,
        day=day,
        visible=visible,
        night_line=night_line,
        breakable=_breakable,
    )
    return environment


def _breakable(name: str) -> Markup:
    """A name that may be broken behind its underscores and hyphens, and nowhere else."""
    whole = str(escape(visible(name)))
    return Markup(whole.replace("_", "_<wbr>").replace("-", "-<wbr>"))  # noqa: S704  # escaped


@cache
def _asset(name: str) -> str:
    return files("parity.report").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The source expression by which a policy allows exactly this inline text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _icon(verdict: Verdict) -> str:
    image = _ICON.format(colour=_ICON_COLOURS[verdict], symbol=symbol_of(verdict))
    return f"data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()}"
