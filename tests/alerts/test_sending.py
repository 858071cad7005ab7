"""Messages over real connections: what arrives, what is said when it does not, what is logged."""

from __future__ import annotations

import logging
import socket

import pytest

from parity.alerts import Message, Target, deliver, short, targets_of
from tests.alerts.receivers import SECRET, Mailbox, Webhook, free_port

# Apprise's module for mail imports one that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

MESSAGE = Message(title="toy 2024-02-29: Fail", body="1 row <unexplained> & so\nsecond line")


def send(environ: dict[str, str], *names: str, seconds: float = 20.0) -> dict[str, str]:
    targets = targets_of(names or environ, environ)
    ended = deliver([(one, MESSAGE) for one in targets], seconds)
    return {target.name: reason for target, reason in ended}


def test_a_webhook_and_a_mail_server_get_the_message(hook: Webhook, mails: Mailbox) -> None:
    ended = send({"HOOK": hook.address, "MAIL": mails.address})

    assert ended == {"HOOK": "", "MAIL": ""}
    (posted,) = hook.got
    assert (posted["title"], posted["message"]) == (MESSAGE.title, MESSAGE.body)
    assert posted["type"] == "failure"
    (mail,) = mails.got
    assert (mail["Subject"], mail["To"]) == (MESSAGE.title, "team@example.org")
    assert mail["From"].addresses[0].addr_spec == "parity@example.org"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == MESSAGE.body.splitlines()


def test_a_variable_may_hold_several_addresses(hook: Webhook) -> None:
    ended = send({"BOTH": f"{hook.address}\n  {hook.address}"})

    assert ended == {"BOTH[1]": "", "BOTH[2]": ""}
    assert len(hook.got) == 2


def test_what_goes_wrong_is_said_by_name_and_costs_the_others_nothing(
    hook: Webhook,
    mails: Mailbox,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hook.status = 503
    caplog.set_level(logging.DEBUG)
    nobody = free_port()

    ended = send({
        "REFUSED": hook.address,
        "ABSENT": f"json://127.0.0.1:{nobody}/{SECRET}",
        "NOMAIL": f"mailto://127.0.0.1:{nobody}?from=parity@example.org&to={SECRET}@example.org",
        "NONSENSE": f"https-{SECRET}",
        "SLACK": f"slack://{SECRET}",
        "EMPTY": "  ",
        "MAIL": mails.address,
    })  # fmt: skip

    assert ended.pop("MAIL") == ""
    assert len(mails.got) == 1
    assert ended["REFUSED"] == "was refused with HTTP status 503"
    assert ended["ABSENT"] == ended["NOMAIL"] == "could not be reached"
    assert ended["NONSENSE"] == ended["SLACK"]
    assert "no address that Apprise knows" in ended["NONSENSE"]
    assert "EMPTY is not set" in ended["EMPTY"]
    # Neither the reasons nor anything that is logged or printed names an address.
    ours = [one.getMessage() for one in caplog.records if one.name != "mail.log"]  # the server's
    written = "\n".join([*capfd.readouterr(), *ours, str(ended)])
    assert SECRET not in written
    assert "127.0.0.1" not in written
    assert "example.org" not in written


def test_a_server_that_never_answers_keeps_nobody_waiting(hook: Webhook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ended = send(
            {
                "SILENT": f"json://127.0.0.1:{silent.getsockname()[1]}/x?rto=30",
                "HOOK": hook.address,
            },
            seconds=1.5,
        )

    assert ended == {"HOOK": "", "SILENT": "did not answer within 1.5 s"}
    assert len(hook.got) == 1


def test_a_block_needs_prefect(hook: Webhook) -> None:
    (without,) = targets_of(["block:team"], {})
    assert without.elsewhere
    assert "by the flows only" in without.send(MESSAGE)

    asked: list[str] = []

    def block(name: str) -> str:
        asked.append(name)
        return hook.address

    (secret,) = targets_of(["block:team"], {}, block)
    assert secret.send(MESSAGE) == ""
    assert (asked, len(hook.got)) == (["team"], 1)


def test_a_block_that_fails_says_nothing_of_what_it_holds() -> None:
    def unknown(name: str) -> str:
        raise LookupError(f"no block {name}")

    def broken(name: str) -> str:
        raise RuntimeError(SECRET)

    def refusing(title: str, body: str) -> None:
        raise RuntimeError(SECRET)

    assert [one.missing for one in targets_of(["block:a"], {}, unknown)] == ["no block a"]
    assert [one.missing for one in targets_of(["block:a"], {}, broken)] == [
        "cannot be read (RuntimeError)"
    ]
    (target,) = targets_of(["block:a"], {}, lambda _name: refusing)
    assert target.send(MESSAGE) == "was not taken"


def test_a_target_whose_sending_breaks_is_one_that_was_not_told() -> None:
    def breaks(message: Message) -> str:
        raise RuntimeError(SECRET)

    ended = list(deliver([(Target(name="X", send=breaks), MESSAGE)], 5))
    assert [reason for _, reason in ended] == ["could not be told (RuntimeError)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no route to postgresql://me:pw@host/db", "no route to postgresql://***@host/db"),
        ("POLYGON_API_KEY=abc123 was refused", "POLYGON_API_KEY=*** was refused"),
        ("header Authorization: Bearer abc.def", "header Authorization: Bearer ***"),
        ("password: 'a b' is wrong", "password: *** is wrong"),
        ("password authentication failed for user x", "password authentication failed for user x"),
        ("POLYGON_API_KEY is not set", "POLYGON_API_KEY is not set"),
        ("two\n  lines", "two lines"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_what_leaves_the_house_is_short_and_without_secrets(text: str, said: str) -> None:
    assert short(text) == said
