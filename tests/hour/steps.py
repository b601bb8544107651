"""The hour itself, step by step; each step says what it saw, and asserts it."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tests.hour.erasing import erase, said_nothing_of_her
from tests.hour.pods import tactful
from tests.hour.stage import Hour, eventually
from tests.tools.kubernetes import NEWEST


async def install(one: Hour) -> None:
    """The manifests are rendered and checked; their settings run here."""
    page, installation = one.page, one.installation
    page.heading("Install")
    page.tell(
        "The values of this hour: two workers, four partitions, the scripted model, nobody's quiet hours.",
        "`tests/hour/values.yaml` has them.",
    )
    page.shows("helm lint --strict helm --values tests/hour/values.yaml", installation.linted)
    assert installation.problems() == []
    kinds = ", ".join(sorted({resource["kind"] for resource in installation.resources}))
    page.tell(
        f"`helm template` renders {len(installation.resources)} resources ({kinds}), and the schemas of Kubernetes "
        f"{NEWEST} have nothing against them.",
        "In a cluster `helm install it helm --namespace people --values values.yaml` is next; here the topics "
        "job and the workers run as processes, with the variables of their containers.",
    )
    job = installation.container(f"Job {installation.worker.removesuffix('-worker')}-topics")
    env = installation.environment(job, "topics")
    said = await asyncio.to_thread(tactful, env, *job["args"])
    page.shows(f"tactful {' '.join(job['args'])}     # the job", said)
    page.tell("Before the first start the doctor has notes, and nothing wrong:")
    await one.shows("doctor", only=["note ", "wrong", "away"])
    took = await asyncio.gather(*(pod.start() for pod in one.pods))
    async with aiohttp.ClientSession() as session:
        answers = [await pod.ready(session) for pod in one.pods]
    assert [status for status, _ in answers] == [200, 200]
    for pod, (_, body) in zip(one.pods, answers, strict=True):
        page.shows(f"curl -s {pod.name}:8080/readyz", json.dumps(body))
    page.tell(f"Both were ready within {max(took):.1f} s.")


async def rollout(one: Hour, *, load_s: float) -> None:
    """Each worker is replaced while events come; nobody is written to twice, and nobody is forgotten."""
    page = one.page
    page.heading("Watch a rollout")
    page.tell(
        "A StatefulSet replaces its pods from the last to the first, each when the one before is ready: "
        "`kubectl -n people rollout status statefulset/it-tactful-worker`.",
        "Here each process gets SIGTERM and is started again under its name, on its volume, while a service goes "
        "on asking for nudges.",
    )
    stop, people = asyncio.Event(), list[str]()
    load = asyncio.create_task(_load(one, stop, people))
    await asyncio.sleep(load_s)
    rows = []
    for pod in reversed(one.pods):
        code, ended_s = await pod.end()
        again_s = await pod.start()
        assert code == 0
        rows.append((f"`{pod.name}`", str(code), f"{ended_s:.1f} s", f"{again_s:.1f} s"))
        await asyncio.sleep(load_s)
    stop.set()
    await load
    page.table(("pod", "exit code", "ended after", "ready again after"), rows)

    async def all_told() -> bool:
        return {nudge["user_id"] for nudge in await one.values("nudges")} >= set(people)

    await eventually(all_told)
    told = await one.values("nudge-outcome")
    late = sorted(_late(outcome) for outcome in told if outcome["user_id"].startswith("load-"))
    assert len(late) == len(people)
    page.tell(
        f"Meanwhile {len(people):,} people were to be written to, a tenth of a second apart.",
        f"Each got one nudge; half of them within {late[len(late) // 2]:.2f} s of the time that was asked for, "
        f"the last after {late[-1]:.1f} s, while its worker was away.",
    )
    page.tell("The verifier reads the topics from outside and finds every promise kept:")
    await one.shows("verify --expect-idle")


def _late(outcome: dict[str, Any]) -> float:
    due, closed = (datetime.fromisoformat(outcome[name]) for name in ("due_at", "closed_at"))
    return (closed - due).total_seconds()


async def _load(one: Hour, stop: asyncio.Event, people: list[str]) -> None:
    """Ten people a second, until it is enough."""
    while not stop.is_set():
        user = f"load-{len(people)}"
        await one.event(user, "consent.changed", agent="*", granted=True)
        await one.asks(user, f"matter {len(people)}", due_s=0.3)
        people.append(user)
        await asyncio.sleep(0.1)


async def pausing(one: Hour) -> None:
    """An agent is paused: one plan waits, another one runs out."""
    page = one.page
    page.heading("Pause an agent")
    await one.shows("agents pause follow_up")
    for user, expires_s in (("eva", 3.0), ("finn", None)):
        await one.event(user, "consent.changed", agent="*", granted=True)
        await one.asks(user, "the move", expires_s=expires_s)
    await one.outcome("eva", "paused")
    page.tell(
        "eva's plan runs out after three seconds, and stands down; finn's waits, and is looked at again:"
    )
    await one.shows("explain eva")
    said = await one.shows("explain finn")
    assert "paused" in said
    await one.shows("agents list", only=["follow_up", "digest", "agent "])
    await one.shows("doctor", only=["switches"], most=3)
    await one.shows("agents resume follow_up")
    page.tell(
        "What waits is looked at every 15 minutes, so finn is written to within that time.",
        "`tactful agents pause '*'` stops everything, in every worker, and needs no restart.",
    )


async def silence(one: Hour) -> None:
    """Why somebody got no message."""
    page = one.page
    page.heading("Find out why a person got no message")
    await one.asks("ana", "the thesis")
    now = datetime.now(UTC)
    quiet = {"start": f"{now - timedelta(hours=1):%H:%M}", "end": f"{now + timedelta(hours=2):%H:%M}"}
    await one.event("ben", "profile.updated", timezone="UTC", quiet_hours=quiet)
    for user in ("ben", "cleo", "dan"):
        await one.event(user, "consent.changed", agent="*", granted=True)
    await one.asks("ben", "the train", expires_s=1800)
    await one.asks("cleo", "the flat")
    await one.event("dan", "message.received", text="My surgery on Thursday worries me.", message_id="m1")
    await one.outcome("cleo", "sent")
    await one.asks("cleo", "the keys", expires_s=1800)
    await one.plans("dan", "upcoming surgery")  # else both messages would be one reading
    await one.event("dan", "message.received", text="It went fine, home already!", message_id="m2")
    reasons = {"ana": "no_consent", "ben": "quiet_hours", "cleo": "min_gap", "dan": "resolved"}
    for user, reason in reasons.items():
        await one.outcome(user, reason)
    page.tell("`explain` has one sentence for each decision; four people, four reasons:")
    for user in reasons:
        await one.shows(f"explain {user}")
    page.tell("`--verbose` adds every gate's answer, every request, and where each event stands in the log:")
    await one.shows("explain ben --verbose")
    page.tell("`person` says what is allowed right now:")
    await one.shows("person ben")


async def letters(one: Hour, folder: Path) -> None:
    """A dead letter is looked at, mended and sent again."""
    page = one.page
    page.heading("Replay a dead letter")
    await one.event("gina", "consent.changed", agent="*", granted=True)
    await one.event("gina", "intent.requested", agent="follow_up", subject="the parcel", due_at="tomorrow")

    await eventually(lambda: one.values("dead-letter", "gina"))
    await one.shows("dead-letter list")
    (letter,) = [
        json.loads(line) for line in (await one.tactful("dead-letter", "list", "--json")).splitlines()
    ]
    page.tell("`due_at` is no time. As it stands it would be put aside again:")
    await one.shows("dead-letter replay")
    event = letter["record"]["value"]
    event["data"]["due_at"] = datetime.now(UTC).isoformat()
    mended = folder / "mended.json"
    mended.write_text(json.dumps(event))
    page.tell("So its value is taken out, mended, and sent again under the letter's name:")
    name = letter["letter"]
    page.shows(
        f"tactful dead-letter list --letter {name} --json | jq .record.value > mended.json; $EDITOR mended.json",
        json.dumps(event),
    )
    said = await one.tactful("dead-letter", "replay", "--letter", name, "--value", str(mended))
    page.shows(f"tactful dead-letter replay --letter {name} --value mended.json", said)
    await one.outcome("gina", "sent")
    await one.shows("explain gina")
    page.tell("Asked again, nothing goes back twice:")
    said = await one.tactful("dead-letter", "replay", "--letter", name, "--value", str(mended))
    page.shows(f"tactful dead-letter replay --letter {name} --value mended.json", said)
    assert said.startswith("0 went back, 1 went back before")


async def whole(one: Hour, folder: Path, *, load_s: float) -> float:
    """All of it; the minutes it took."""
    began = time.monotonic()
    await install(one)
    await rollout(one, load_s=load_s)
    await pausing(one)
    await silence(one)
    await letters(one, folder)
    await erase(one)
    said_nothing_of_her(one)
    return (time.monotonic() - began) / 60
