"""`parity selftest` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.cli.selftest import selftest
from parity.database import Database
from parity.model.errors import ParityError, UsageError

pytestmark = pytest.mark.slow

CONFIG = """
version: 1
migration: toy
selftest_seconds: 2
jobs: []
datasets:
  - name: yahoo_bars
    kind: bars
    legacy: legacy.market_data
    candidate: prefect.market_data
    key: [symbol, timestamp, data_source]
    symbol: symbol
    time: timestamp
    where: {data_source: yahoo}
    exclude: [created_at]
"""


@pytest.fixture
def config(bars: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A parity.yaml about the toy's bars."""
    monkeypatch.setenv("PARITY_DATABASE_URL", bars.admin_url)
    path = tmp_path / "parity.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def parity_selftest(*args: object) -> int:
    code = selftest.main([str(arg) for arg in args], standalone_mode=False)
    assert isinstance(code, int)
    return code


def test_it_prints_a_table_and_the_seed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = parity_selftest("--config", config, "--seed", "toy 2005-02-28", "--full", "--faults", 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Self-test: ")
    assert " faults seeded, " in lines[0]
    assert " ".join(lines[:2]).rstrip().endswith("(seed toy 2005-02-28)")
    assert lines[-1] == 'again: parity selftest --full --faults 1 --seed "toy 2005-02-28"'
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:2] == ["cause", "injected"] for line in lines)
    assert code in (0, 1)


def test_json_alone_and_exit_codes(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = parity_selftest("--config", config, "--json", "-")
    out = json.loads(capsys.readouterr().out)
    assert out["injected"] >= 1
    assert out["detected"] == out["injected"] == sum(one["injected"] for one in out["causes"])
    assert code == (0 if out["passed"] else 1)
    assert out["seed"].isdigit()


def test_what_cannot_run_is_an_error(config: Path) -> None:
    with pytest.raises(UsageError, match="--faults counts the faults of --full"):
        parity_selftest("--config", config, "--faults", 3)
    with pytest.raises(UsageError, match="--seed is empty"):
        parity_selftest("--config", config, "--seed", " ")
    with pytest.raises(UsageError, match="--dataset nix: there is none"):
        parity_selftest("--config", config, "--dataset", "nix")
    config.write_text(CONFIG.replace("legacy.market_data", "legacy.nothing"), encoding="utf-8")
    with pytest.raises(ParityError, match=r"no fault could be seeded: .*legacy\.nothing"):
        parity_selftest("--config", config)
