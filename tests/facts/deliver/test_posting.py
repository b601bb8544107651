"""What is posted, how it is signed, where it may go, and what the answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from app.deliver.book import Answered, Ended
from app.deliver.posting import TargetError, body_of, meaning, target
from app.deliver.progress import Progress, ProgressError
from app.deliver.signing import SecretError, headers, secret_of
from tests.facts.deliver.nudging import NOON, SECRET, nudge


def test_the_signature_verifies_by_another_implementation() -> None:
    """The specification's own library accepts it, and refuses it over a changed body."""
    now = datetime.now(UTC)
    body = body_of(nudge("a", at=now), now)
    signed = dict(headers(secret_of(SECRET), "a", now, body))
    told = Webhook(SECRET).verify(body, signed)
    assert (told["type"], told["data"]["nudge_id"]) == ("nudge.send", "a")
    with pytest.raises(Exception, match="signature"):
        Webhook(SECRET).verify(body + b" ", signed)


def test_the_signature_is_the_one_of_the_specification() -> None:
    """For any time and text, as the library signs it."""
    for at in (NOON, NOON + timedelta(days=900, milliseconds=999)):
        body = body_of(nudge("ä"), at)
        whole = at.replace(microsecond=0)
        assert headers(secret_of(SECRET), "ä", at, body)["webhook-signature"] == Webhook(SECRET).sign(
            "ä", whole, body.decode()
        )


@pytest.mark.parametrize(
    "given", ["", "geheim", "whsec_", "whsec_äöü", "whsec_c2hvcnQ=", "whsec_" + "QUJD" * 40]
)
def test_what_is_no_secret_is_refused_and_not_repeated(given: str) -> None:
    """Empty, without its prefix, no base64, too short, too long."""
    with pytest.raises(SecretError) as refused:
        secret_of(given)
    assert not given or given not in str(refused.value)


def test_the_body_is_the_record() -> None:
    """Type and time beside it, as Standard Webhooks has it."""
    told = json.loads(body_of(nudge("a", recall=True), NOON))
    assert (told["type"], told["timestamp"]) == ("nudge.recall", "2026-03-02T12:00:00Z")
    assert set(told["data"]) == set(nudge("a").__struct_fields__)


@pytest.mark.parametrize(
    "url",
    ["https://example.com/hook", "http://127.0.0.1:9000/", "http://[::1]:9000/", "http://localhost/hook"],
)
def test_where_it_may_go(url: str) -> None:
    """Over TLS anywhere, in the clear to this machine."""
    assert target(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "http://127.0.0.1.example.com/hook",
        "http://169.254.169.254/latest",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://user:pass@example.com/",
        "https://",
        "example.com/hook",
        "https://example.com:port/",
    ],
)
def test_where_it_may_not_go(url: str) -> None:
    """In the clear to another machine, with a password in it, or nowhere at all."""
    with pytest.raises(TargetError):
        target(url)


def test_http_to_another_machine_is_a_choice() -> None:
    """Inside a mesh that encrypts, for example."""
    assert target("http://hooks.internal/x", allow_http=True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "accepted"),
        (204, "accepted"),
        (301, "refused"),
        (400, "rejected"),
        (401, "refused"),
        (404, "refused"),
        (408, "unknown"),
        (410, "rejected"),
        (429, "refused"),
        (500, "unknown"),
        (502, "unknown"),
        (503, "refused"),
    ],
)
def test_what_a_status_means(status: int, kind: str) -> None:
    """A redirect is not followed: where messages go, the operator says."""
    assert meaning(status, {}, NOON).kind == kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        (" 7 ", 7),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60),
        ("Mon, 02 Mar 2026 11:01:00 GMT", 0),
        ("9" * 40, 10**8),
        ("soon", None),
        ("-5", None),
    ],
)
def test_how_long_a_receiver_asks_to_wait(value: str, seconds: int | None) -> None:
    """Seconds or a date; what is neither asks for nothing."""
    asked = None if seconds is None else timedelta(seconds=seconds)
    assert meaning(429, {"Retry-After": value}, NOON) == Answered("refused", "status 429", asked)


def test_what_ended_is_known_to_the_next_life(tmp_path: Path) -> None:
    """And forgotten when no reader can meet it again; nobody else may use the folder meanwhile."""
    progress = Progress(tmp_path / "state")
    progress.note([Ended(nudge("old"), "delivered", "", 1)], NOON - timedelta(days=9))
    progress.note(
        [Ended(nudge("a"), "delivered", "", 1), Ended(nudge("b", recall=True), "not_needed", "", 0)], NOON
    )
    with pytest.raises(ProgressError, match="another delivery service"):
        Progress(tmp_path / "state")
    progress.close()
    assert Progress(tmp_path / "state").known() == {"a": "delivered", "b.recall": "not_needed"}
