"""The clean-up as it is printed in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from parity.plan.mentions import Mention
from parity.plan.quarantine import Cleanup, Done
from parity.plan.readers_left import Readers
from parity.report.screen import Screen, bullets, plain_table
from parity.report.words import count, visible

__all__ = ["render_cleanup", "render_done"]

WIDTH = 80
MOST = 40  # lines of docs that are printed; JSON has all


def render_cleanup(found: Cleanup) -> Screen:
    """The plan, and where the clean-up stands."""
    return Screen(lambda: list(_cleanup(found)), WIDTH)


def render_done(done: Done) -> Screen:
    """What was done."""
    return Screen(lambda: list(_done(done)), WIDTH)


def _cleanup(found: Cleanup) -> Iterator[RenderableType]:
    yield Text(_answer(found), "bold")
    yield Text(f"Clean-up of migration {found.migration}, phase {found.phase}")
    yield Text(_state(found))
    if found.what == "quarantine":
        yield from _whole(found)
    yield from bullets("In the way", [visible(one) for one in found.obstacles])
    if found.what == "quarantine" and found.standing.name == "in use":
        yield from bullets("What --execute does", _steps(found))
    commands = _commands(found)
    if commands:
        yield Text("")
        yield from map(Text, commands)


def _answer(found: Cleanup) -> str:
    """`No: …` or `Yes: …`; where it is so already, that."""
    at, names = found.standing, ", ".join(found.standing.schemas)
    done = found.what == "quarantine" and at.name != "in use"
    if found.obstacles and not done:
        more = len(found.obstacles) - 1
        also = f" (and {count(more, 'more reason')})" if more else ""
        return f"No: {visible(found.obstacles[0])}{also}"
    if done:
        return f"Done: schema {names} {'was dropped' if at.gone else 'is in quarantine'} already"
    may = {"quarantine": "be put into quarantine", "undo": "come back", "drop": "be dropped"}
    return f"Yes: schema {names} may {may[found.what]}"


def _whole(found: Cleanup) -> Iterator[RenderableType]:
    """Who uses the schema, and what else is left of the old side."""
    if found.readers.tables:
        yield Text("")
        yield _sizes(found.readers)
    yield from _use(found.readers)
    yield from bullets(
        "Sessions in it now", [visible(one.told) for one in found.readers.sessions]
    )  # fmt: skip
    yield from bullets(
        "Functions whose text names it; have a look at them",
        [visible(one) for one in found.readers.saying],
    )
    yield from _left(found)


def _state(found: Cleanup) -> str:
    at = found.standing
    names = ", ".join(at.schemas)
    if at.held:
        now = ", ".join(one.schema for one in at.held)
        until = f" until {at.until}" if at.until else ""
        return f"Schema {names} is in quarantine as {now}{until}. Archive: {found.folder}"
    if at.gone:
        return f"Schema {names} was dropped. Archive: {found.folder}"
    return f"Schema {names} is in use."


def _sizes(found: Readers) -> RenderableType:
    table = plain_table(("table", False), ("rows, about", True), ("bytes", True))
    for one in found.tables:
        table.add_row(Text(visible(f"{one.schema}.{one.name}")), f"{one.rows:,}", f"{one.bytes:,}")
    return table


def _use(found: Readers) -> Iterator[RenderableType]:
    if not found.tables:
        return
    yield Text("")
    yield Text(f"Read and written since {_moment(found.since)}", "bold")
    table = plain_table(
        ("table", False), ("scans", True), ("last scan", False), ("rows written", True)
    )
    for one in found.tables:
        last = _moment(one.last) if one.last else ""
        table.add_row(Text(visible(one.name)), f"{one.scans:,}", last, f"{one.writes:,}")
    yield table
    times = count(found.compared, "time")
    yield Text(
        "The server counts scans and not who made them. "
        f"parity has compared these tables {times} since then, each time with several scans of "
        "each; its plans, drills, backups and archives scan them too. The rest is somebody's."
    )
    if found.reset:
        yield Text("Its counters began anew meanwhile, so there may have been more.")


def _left(found: Cleanup) -> Iterator[RenderableType]:
    """What a person deletes or changes."""
    left = found.mentions
    if left.scripts:
        yield Text("")
        yield Text("Scripts to delete", "bold")
        yield from (Text(f"  git rm {visible(one)}", overflow="fold") for one in left.scripts)
    yield from bullets(
        "Beside them, unless something else needs it", [visible(one) for one in left.beside]
    )
    yield from _places("Cron lines to delete", left.cron)
    yield from _places("To edit: keys of the config that name the old side", left.config)
    texts = [one for one in left.docs if not one.of_tests]
    yield from _places("To edit: texts that name its scripts or tables", texts[:MOST])
    if len(texts) > MOST:
        yield Text(f"  … and {count(len(texts) - MOST, 'line')} more: --json - lists all")
    tests = len(left.docs) - len(texts)
    if tests:
        yield Text("")
        yield Text(f"Tests name them too, in {count(tests, 'line')}: --json - lists all")


def _places(title: str, found: Sequence[Mention]) -> Iterator[RenderableType]:
    """Each with its file and line, so that it can be copied; its text is cut."""
    if not found:
        return
    yield Text("")
    yield Text(title, "bold")
    for one in found:
        yield Text(f"  {visible(one.place)}", overflow="fold")
        text = Text(visible(one.text), "dim", overflow="ellipsis", no_wrap=True)
        yield Padding(text, (0, 0, 0, 6))


def _steps(found: Cleanup) -> list[str]:
    names = ", ".join(found.standing.schemas)
    return [
        f"dumps schema {names} into {found.folder}, restores the dump into a scratch database and "
        "compares every row; a complete archive with the same rows is kept as it is",
        f"renames it to {found.standing.schemas[0]}_quarantined_DATE for {found.days} days, in one "
        "transaction; who reads it meanwhile is not held up",
        "deletes no file: the lists above are yours",
    ]


def _commands(found: Cleanup) -> list[str]:
    """What to type next; nothing that would be refused."""
    at = found.standing
    back = "parity cleanup --undo --execute"
    gone = f"parity cleanup --drop --execute --migration {found.migration}"
    if found.what == "quarantine" and at.held:
        until = f", from {at.until} on" if at.until else ""
        return [f"The way back: {back}", f"For good{until}:", f"  {gone}"]
    if found.obstacles or at.gone:
        return []
    todo = {
        "quarantine": f"parity cleanup --execute --migration {found.migration}",
        "undo": back,
        "drop": gone,
    }
    return [f"To do it: {todo[found.what]}"]


def _done(done: Done) -> Iterator[RenderableType]:
    for name, now in done.schemas.items():
        yield Text(_sentence(done, name, now), "bold")
    if done.archive:
        rows = "" if done.rows is None else f" ({count(done.rows, 'row')})"
        yield Text(f"Archive{rows}:")
        yield Text(done.archive, overflow="fold")
    if done.step == "renamed":
        yield Text("The way back: parity cleanup --undo --execute")


def _sentence(done: Done, name: str, now: str | None) -> str:
    already = "" if done.changed else " already"
    if done.step == "restored":
        return f"Schema {name} is back{already}."
    if now is None:
        return f"Schema {name} is dropped{already}."
    until = f" until {done.until}" if done.until else ""
    return f"Schema {name} is in quarantine{already} as {now}{until}."


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M UTC}"
