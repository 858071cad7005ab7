"""Which indicator a column holds, and the formulas by which people compute it.

The first variant of an indicator is the usual one (TA-Lib's), the simplest to name come next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

__all__ = ["MACD", "Family", "Indicator", "Unit", "Variant", "parse"]

MACD = (12, 26, 9)  # fast, slow, signal


class Family(StrEnum):
    """Indicators that are computed in one way."""

    SMA = "sma"
    EMA = "ema"
    RSI = "rsi"
    MACD = "macd"
    BANDS = "bb"
    VOLATILITY = "volatility"
    CHANGE = "price_change"
    AVERAGE_VOLUME = "avg_volume"
    VOLUME = "current_volume"


class Unit(StrEnum):
    """What an indicator is measured in: decides how far floating point may lead it astray."""

    PRICE = "price"
    PERCENT = "percent"
    SHARES = "shares"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to compute an indicator.

    Attributes:
        key: short and stable, for identities.
        words: continue the indicator's label ("RSI" + "by rolling mean").
        name: follows "instead of".
        benign: differs from the usual one in the seed of a recursive average only, which fades.
        seed: of recursive averages: `sma` (of the first values), `first` (value), `talib` (MACD).
        smoothing: `span` is alpha 2 / (n + 1), `wilder` 1 / n, `rolling` a simple mean.
        ddof: of a standard deviation.
        log: logarithmic changes instead of simple ones.
        year: days by which a volatility is annualised; 1 is not at all.
    """

    key: str
    words: str
    name: str
    benign: bool = False
    seed: str = ""
    smoothing: str = ""
    ddof: int = 0
    log: bool = False
    year: int = 1


_PLAIN = (Variant("plain", "as usual", "usual", benign=True),)
_EMA = (
    Variant("sma_seed", "seeded with a simple average", "a simple average", True, "sma", "span"),
    Variant("first_seed", "seeded with the first value", "the first value", True, "first", "span"),
    Variant("wilder", "with Wilder's factor 1/n", "Wilder's factor", False, "sma", "wilder"),
    Variant("wilder_first", "with Wilder's factor 1/n from the first value on",
            "Wilder's factor from the first value on", False, "first", "wilder"),
)  # fmt: skip
_RSI = (
    Variant("wilder", "by Wilder's average", "Wilder's", True, "sma", "wilder"),
    Variant("first_seed", "by Wilder's average seeded with the first change",
            "Wilder's average seeded with the first change", True, "first", "wilder"),
    Variant("rolling", "by rolling mean", "a rolling mean", False, "", "rolling"),
    Variant("span", "by exponential average of factor 2/(n+1)",
            "an exponential average of factor 2/(n+1)", False, "first", "span"),
)  # fmt: skip
_MACD = (
    Variant("talib", "of averages that start together", "averages that start together", True,
            "talib"),
    Variant("first_seed", "of averages seeded with their first values",
            "averages seeded with their first values", True, "first"),
    Variant("sma_seed", "of averages that start apart, each seeded with a simple one",
            "averages that start apart", True, "sma"),
)  # fmt: skip
_BANDS = (
    Variant("population", "of the population deviation (ddof 0)", "ddof 0", True, ddof=0),
    Variant("sample", "of the sample deviation (ddof 1)", "ddof 1", ddof=1),
)
_CHANGE = (
    Variant("simple", "as a simple change", "a simple one", True),
    Variant("log", "as a logarithmic change", "a logarithmic one", log=True),
)


def _volatilities() -> tuple[Variant, ...]:
    found: list[Variant] = []
    for year in (252, 365, 260, 1):
        for log in (False, True):
            for ddof in (1, 0):
                key = f"{'log' if log else 'simple'}_ddof{ddof}_{year}"
                name = (
                    f"{'logarithmic' if log else 'simple'} returns with ddof {ddof} "
                    f"{'not annualised' if year == 1 else f'annualised by {year}'}"
                )
                found.append(
                    Variant(key, f"of {name}", name, not found, ddof=ddof, log=log, year=year)
                )
    return tuple(found)


_VARIANTS = {
    Family.EMA: _EMA,
    Family.RSI: _RSI,
    Family.MACD: _MACD,
    Family.BANDS: _BANDS,
    Family.VOLATILITY: _volatilities(),
    Family.CHANGE: _CHANGE,
}
_LABELS = {
    Family.SMA: "simple average",
    Family.EMA: "EMA",
    Family.RSI: "RSI",
    Family.MACD: "MACD",
    Family.BANDS: "Bollinger band",
    Family.VOLATILITY: "volatility",
    Family.CHANGE: "price change",
    Family.AVERAGE_VOLUME: "average volume",
    Family.VOLUME: "volume",
}
_PERCENT = ("position", "width")
_BAND_LENGTH = 20
_NAMES = (
    (Family.SMA, re.compile(r"sma_(\d{1,4})")),
    (Family.EMA, re.compile(r"ema_(\d{1,4})")),
    (Family.RSI, re.compile(r"rsi_(\d{1,4})")),
    (Family.MACD, re.compile(r"macd_(line|signal|histogram)")),
    (Family.BANDS, re.compile(r"bb_(upper|middle|lower|position|width)")),
    (Family.VOLATILITY, re.compile(r"volatility_(\d{1,4})")),
    (Family.CHANGE, re.compile(r"price_change_(\d{1,4})d")),
    (Family.AVERAGE_VOLUME, re.compile(r"avg_volume_(\d{1,4})")),
    (Family.VOLUME, re.compile(r"current_volume")),
)


@dataclass(frozen=True)
class Indicator:
    """What a column holds. `length` is in sessions, `part` tells lines of one family apart."""

    name: str
    family: Family
    length: int = 0
    part: str = ""

    @property
    def recursive(self) -> bool:
        """It remembers all of its history, however faintly."""
        return self.family in (Family.EMA, Family.RSI, Family.MACD)

    @property
    def unit(self) -> Unit:
        """What it is measured in."""
        if self.family in (Family.AVERAGE_VOLUME, Family.VOLUME):
            return Unit.SHARES
        percent = (Family.RSI, Family.VOLATILITY, Family.CHANGE)
        return Unit.PERCENT if self.family in percent or self.part in _PERCENT else Unit.PRICE

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The ways to compute it, the usual one first."""
        return _PLAIN if self.part == "middle" else _VARIANTS.get(self.family, _PLAIN)

    @property
    def group(self) -> str:
        """Columns of one group are computed together, so all of them by one variant."""
        together = len(self.variants) > 1 and self.family in (Family.BANDS, Family.MACD)
        return self.family.value if together else self.name

    @property
    def label(self) -> str:
        """In words, before a variant's."""
        return _LABELS[self.family]


def parse(column: str, formulas: Mapping[str, str]) -> Indicator | None:
    """The indicator that a column holds, by `formulas` or else by its name; None if unknown."""
    name = formulas.get(column, column).lower()
    for family, pattern in _NAMES:
        found = pattern.fullmatch(name)
        if not found:
            continue
        detail = found.group(1) if pattern.groups else ""
        if family is Family.BANDS:
            return Indicator(name, family, _BAND_LENGTH, detail)
        if not detail.isdigit():
            return Indicator(name, family, part=detail)
        # Shorter ones are no averages: TA-Lib refuses them.
        least = 1 if family in (Family.CHANGE, Family.AVERAGE_VOLUME) else 2
        return Indicator(name, family, int(detail)) if int(detail) >= least else None
    return None
