"""The pages: Jinja2 with autoescape, one file each, nothing fetched, nothing run but our own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parity.model.verdict import Verdict
from parity.report.escaping import harmless
from parity.report.headline import night_line
from parity.report.history import HistoryView
from parity.report.pictures.illustrating import charts_of
from parity.report.view import NightView, symbol_of, word_of
from parity.report.words import day, visible

__all__ = ["index_page", "night_page", "render_page"]

_STYLES = (
    "templates/style.css", "templates/incidents.css", "templates/rows.css",
    "templates/pictures.css", "templates/phase.css",
)  # fmt: skip
_SCRIPTS = ("templates/rows.js",)
_LONGEST_NAME = 60  # characters of a name in the head of a column
_CHART_STYLE = "vendored/uPlot.min.css"
_CHART_SCRIPTS = ("vendored/uPlot.iife.min.js", "templates/charts.js")

_ICON_COLOURS = {Verdict.PASS: "#0b6b4f", Verdict.FAIL: "#b3261e", Verdict.UNDECIDED: "#8a5700"}
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" '
    'rx="8" fill="{colour}"/><text x="16" y="24" font-family="sans-serif" font-size="22" '
    'font-weight="700" text-anchor="middle" fill="#fff">{symbol}</text></svg>'
)


def night_page(view: NightView) -> str:
    """A night as one self-contained HTML page."""
    return render_page("night.html.j2", view.verdict, charts=charts_of(view), night=view)


def index_page(view: HistoryView) -> str:
    """All nights as one self-contained HTML page, newest session first."""
    verdict = view.latest.verdict if view.latest else Verdict.UNDECIDED
    charts = {view.trends.id: view.trends.chart} if view.trends else None
    return render_page("index.html.j2", verdict, charts=charts, history=view)


def render_page(
    template: str, verdict: Verdict, *, charts: Mapping[str, object] | None = None, **values: object
) -> str:
    """A page from a template; the verdict gives its icon and colours.

    `charts` is what its charts draw, by the id of their place: what JSON can say. Without it the
    page has no chart, and does not carry the library that draws them.
    """
    style = "".join(map(_asset, (*_STYLES, _CHART_STYLE) if charts else _STYLES))
    scripts = [_asset(name) for name in ((*_CHART_SCRIPTS, *_SCRIPTS) if charts else _SCRIPTS)]
    allowed = " ".join(f"'{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src {allowed}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    # Style and scripts are files of this package, never data.
    return _environment().get_template(template).render(
        **values, verdict=verdict, style=Markup(style), scripts=list(map(Markup, scripts)),  # noqa: S704
        charts=_json(charts) if charts else "", policy=policy, icon=_icon(verdict),
    )  # fmt: skip


def _json(content: Mapping[str, object]) -> Markup:
    """JSON that ends no script element, whatever it holds."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  # nothing in it is markup any more


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("parity.report", "templates"),
        autoescape=True,
        finalize=harmless,
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
    whole = str(escape(visible(name, most=_LONGEST_NAME)))
    return Markup(whole.replace("_", "_<wbr>").replace("-", "-<wbr>"))  # noqa: S704  # escaped


@cache
def _asset(name: str) -> str:
    return files("parity.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The source expression by which a policy allows exactly this inline text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _icon(verdict: Verdict) -> str:
    image = _ICON.format(colour=_ICON_COLOURS[verdict], symbol=symbol_of(verdict))
    return f"data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()}"
