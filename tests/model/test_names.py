"""Names of files that are made of names in a config."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model.names import file_slug, quality_anchor, quality_page
from parity.model.verdict import Side


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("yahoo-bars", "quality-yahoo-bars-legacy.html"),
        # The first eight digits of the SHA-256 of `Yahoo Bars` and of nothing.
        ("Yahoo Bars", "quality-yahoo-bars-a00961bb-legacy.html"),
        ("", "quality-e3b0c442-legacy.html"),
    ],
)
def test_the_page_of_a_side(name: str, page: str) -> None:
    assert quality_page(name, Side.LEGACY) == page


@given(st.text())
def test_any_name_makes_a_safe_one(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", file_slug(name))


@given(st.lists(st.sampled_from(["a", "A", "-", "_", " ", "/", "é", "legacy"]), max_size=5))
def test_what_is_safe_stays_and_what_is_not_is_told_apart(parts: list[str]) -> None:
    name = "".join(parts)
    slug = file_slug(name)
    assert (slug == name) == bool(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name))
    assert file_slug(f"{name} ") != slug


def test_sides_and_datasets_have_pages_of_their_own() -> None:
    names = ["a", "a-legacy", "a legacy", "a-candidate"]
    pages = {quality_page(name, side) for name in names for side in Side}
    assert len(pages) == 8
    assert len({quality_anchor(name) for name in names}) == 4
