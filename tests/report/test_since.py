from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from parity.model.since import Since
from parity.report.since import render_since

STAMP = datetime(2005, 2, 28, 14, 30, tzinfo=UTC)


def test_new_gone_and_persisting_with_a_few_keys() -> None:
    since = (
        Since(
            dataset="bars", new=7, gone=1, persisting=1200, changed=3,
            new_keys=tuple((symbol, STAMP) for symbol in "ABCDE"), gone_keys=((None, STAMP),),
        ),
        Since(dataset="hours", reason="was not in run m.2005-02-25.1"),
    )  # fmt: skip
    text = str(render_since(since, "m.2005-02-25.1", width=100))
    lines = text.splitlines()
    assert text.startswith("Since run m.2005-02-25.1: 7 new, 1 gone, 1,200 persisting (3 changed)")
    assert "1 dataset cannot be held against it" in " ".join(text.split())
    assert "dataset  new  gone  persisting  changed" in lines
    assert "bars       7     1       1,200        3" in lines
    words = " ".join(text.split())
    assert "- new: A 2005-02-28 09:30; B 2005-02-28 09:30;" in words
    assert "E 2005-02-28 09:30; and 2 more" in words
    assert "- gone: NULL 2005-02-28 09:30" in words
    assert "- was not in run m.2005-02-25.1" in words


def test_of_a_cut_run_nothing_is_called_new_or_gone() -> None:
    cut = Since(dataset="bars", new=9, gone=8, persisting=1200, changed=3, new_keys=(("A",),),
                cut=True)  # fmt: skip
    text = str(render_since((cut,), "r", width=100))
    assert text.startswith("Since run r: what is new or gone is not known of 1 dataset\n")
    assert "bars       ?     ?     ≥ 1,200      ≥ 3" in text.splitlines()
    words = " ".join(text.split())
    assert "a file of all of them is missing: what is new or gone is not known; of the stored" in (
        words
    )
    assert "- new" not in words
    other = Since(dataset="hours", new=2, gone=1, new_keys=(("B",),), gone_keys=(("C",),))
    words = " ".join(str(render_since((cut, other), "r", width=100)).split())
    assert words.startswith(
        "Since run r: 2 new, 1 gone, 0 persisting (0 changed); what is new or gone is not known "
        "of 1 dataset"
    )


def test_nothing_to_compare_is_said() -> None:
    none = str(render_since((Since(dataset="bars", reason="is no longer compared"),), "r"))
    assert none.startswith("Since run r: nothing can be held against it")


@pytest.mark.parametrize("width", [40, 80])
def test_it_fits_and_is_no_markup(width: int) -> None:
    key = ("[red]A\x1b[2J" * 20, STAMP)
    since = (Since(dataset="d" * 60, new=1, gone=10**9, new_keys=(key,)),)
    text = str(render_since(since, "r" * 70, width=width))
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text


def test_more_changed_than_persist_cannot_be() -> None:
    with pytest.raises(ValueError, match="more rows changed than persist"):
        Since(dataset="bars", changed=1)
