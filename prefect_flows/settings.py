"""The environment, read once into a frozen value. Errors name the variable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from prefect_flows.errors import SettingsError
from prefect_flows.work.granularity import Granularity, Kind
from prefect_flows.work.runner_names import DEFAULT, VARIABLE, check_runner

__all__ = ["DEFAULT_SYMBOLS", "Settings", "choose_symbols"]

DEFAULT_SYMBOLS = ("AAPL", "MSFT", "IBM", "GOOG")
POLYGON_BASE_URL = "https://api.polygon.io"
HTTP_TIMEOUT_SECONDS = 20.0
ONE_SYMBOL = Granularity(Kind.SYMBOL)

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-^=]{0,19}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the flows need to know about their surroundings.

    Attributes:
        database_url: libpq URI of the writing role.
        symbols: Tickers loaded when a flow is given none, in order.
        yahoo_base_url: Where Yahoo's hosts are replaced; None is the real Yahoo.
        polygon_base_url: Root of the Polygon API.
        polygon_api_key: None when unset; only the Polygon flow needs it.
        http_timeout_seconds: Longest wait for one HTTP answer, in seconds.
        granularity: How much one task does where a flow is not told.
    """

    database_url: str = field(repr=False)
    symbols: tuple[str, ...] = DEFAULT_SYMBOLS
    yahoo_base_url: str | None = None
    polygon_base_url: str = POLYGON_BASE_URL
    polygon_api_key: str | None = field(default=None, repr=False)
    http_timeout_seconds: float = HTTP_TIMEOUT_SECONDS
    granularity: Granularity = ONE_SYMBOL

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: A variable is missing or malformed; its name is in the message.
        """
        check_runner(environ.get(VARIABLE) or DEFAULT)
        return cls(
            database_url=_database_url(environ),
            symbols=_symbols(environ.get("SYMBOLS", "")) or DEFAULT_SYMBOLS,
            yahoo_base_url=_http_url(environ, "YAHOO_BASE_URL"),
            polygon_base_url=_http_url(environ, "POLYGON_BASE_URL") or POLYGON_BASE_URL,
            polygon_api_key=environ.get("POLYGON_API_KEY") or None,
            http_timeout_seconds=_seconds(environ, "HTTP_TIMEOUT_SECONDS", HTTP_TIMEOUT_SECONDS),
            granularity=Granularity.parse(
                environ.get("GRANULARITY") or Kind.SYMBOL, name="GRANULARITY"
            ),
        )

    def require_polygon_key(self) -> str:
        """Return the key for Polygon.

        Raises:
            SettingsError: POLYGON_API_KEY is not set.
        """
        if self.polygon_api_key is None:
            raise SettingsError("POLYGON_API_KEY is not set")
        return self.polygon_api_key


def choose_symbols(
    asked: Iterable[str] | None, *, default: tuple[str, ...], limit: int | None
) -> tuple[str, ...]:
    """Return the tickers to load: upper case, each once, in the order asked for.

    Args:
        asked: None means the default list.
        default: Used when nothing was asked for.
        limit: Keep at most this many; None keeps all.

    Raises:
        SettingsError: A name is not a ticker, the list is empty, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise SettingsError(f"max_symbols is {limit}; it must be at least 1")
    chosen = default if asked is None else _symbols(",".join(asked), name="symbols")
    if not chosen:
        raise SettingsError("symbols is an empty list")
    return chosen[:limit]


@lru_cache(maxsize=8)  # every task reads the settings, and a list may hold thousands
def _symbols(text: str, *, name: str = "SYMBOLS") -> tuple[str, ...]:
    names = [part.strip().upper() for part in re.split(r"[,\s]+", text) if part.strip()]
    for symbol in names:
        if not _SYMBOL.fullmatch(symbol):
            raise SettingsError(f"{name}: {symbol!r} is not a ticker")
    return tuple(dict.fromkeys(names))


def _database_url(environ: Mapping[str, str]) -> str:
    url = environ.get("DATABASE_URL", "")
    if not url:
        raise SettingsError("DATABASE_URL is not set")
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("DATABASE_URL is not a postgresql:// URI")
    return url


def _http_url(environ: Mapping[str, str], name: str) -> str | None:
    url = environ.get(name, "").rstrip("/")
    if not url:
        return None
    if not re.match(r"https?://[^/]", url):
        raise SettingsError(f"{name} is not an http:// or https:// address: {url!r}")
    return url


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise SettingsError(f"{name} is not a number of seconds above 0 and below 3600: {text!r}")
    return seconds
