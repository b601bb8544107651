"""A story's world with a real worker in a process of its own: a crash is a SIGKILL, the model is asked over HTTP."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from app.model.server import ScriptedServer
from app.scenario.background import Background
from app.scenario.expected import OpenIntent
from app.scenario.process import Process
from app.scenario.words import Append, Begin, Drain, Hello, Settle, Stand, Tell, TellOpen
from app.scenario.world import Setting, milliseconds
from app.settings import PREFIX
from topics.controls import NUDGE_CONTROLS, Control
from topics.record import NewRecord, Record


class ProcessWorld(ABC):
    """See World. The scripted server lives beside the teller, so that its script outlives every worker."""

    def __init__(self, setting: Setting, *, log: str, prefix: str, folder: Path) -> None:
        self.folder = folder
        self._setting = setting
        self._now = setting.start
        self._background = Background()
        # Its warning is for whoever takes it for a model; a story knows what it is.
        logging.getLogger("tactful.scripted").setLevel(logging.ERROR)
        self._server = ScriptedServer(setting.script)
        self._background.run(self._server.start())
        self._log = log
        self._prefix = prefix
        self._process = self._new_process()
        self._begun = False
        self._stopped = False

    def settle(self) -> None:
        if not self._begun and not self._stopped:
            self._process.do(Begin())
            self._begun = True
        self._process.do(Settle())

    def advance(self, to: datetime) -> None:
        self.settle()
        self._process.do(Stand(to))
        self._now = to

    def crash(self) -> None:
        self._process.kill()
        self._again()

    def wipe(self) -> None:
        self._process.kill()
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        self._again()

    def restart(self) -> None:
        self._process.do(Drain())
        self._process.ended()
        self._again()

    def stop(self) -> None:
        self.restart()
        self._stopped = True

    def start(self) -> None:
        self._stopped = False

    def control(self, agent: str, *, paused: bool) -> None:
        value = msgspec.json.encode(Control(paused=paused, at=self._now, by="scenario"))
        self.append([NewRecord(NUDGE_CONTROLS.name, agent.encode(), value, milliseconds(self._now))])

    @abstractmethod
    def append(self, records: Sequence[NewRecord]) -> None: ...
    @abstractmethod
    def records(self, topic: str) -> Sequence[Record]: ...
    @abstractmethod
    def open_intents(self) -> Sequence[OpenIntent]: ...

    def close(self) -> None:
        self._process.kill()
        self._background.run(self._server.stop())
        self._background.close()

    def _again(self) -> None:
        """A new process, in which no worker works until the story goes on: what is appended meanwhile is in the log."""
        self._process = self._new_process()
        self._begun = False

    def _new_process(self) -> Process:
        hello = Hello(
            log=self._log,
            prefix=self._prefix,
            state=str(self.folder / "state"),
            model_url=self._server.url,
            now=self._now,
            policy=self._setting.policy.model_dump(mode="json"),
            environment={name: value for name, value in os.environ.items() if name.startswith(PREFIX)},
        )
        return Process(hello, self.folder / "worker.log")


class EmbeddedWorld(ProcessWorld):
    """On an embedded log in a folder of its own, which only the worker's process has open."""

    def __init__(self, setting: Setting, *, keep: bool = False, log: Path | None = None) -> None:
        """`keep` leaves the folder behind; `log` is a folder of somebody's for the log, which is left behind anyway."""
        self._keep = keep
        folder = Path(tempfile.mkdtemp(prefix="tactful-story-"))
        super().__init__(setting, log=f"embedded:{log or folder / 'log'}", prefix="", folder=folder)

    @property
    def where(self) -> str:
        """What is left of it when it is kept."""
        return f"{self._setting.name}: folder {self.folder}"

    def append(self, records: Sequence[NewRecord]) -> None:
        if records:
            self._process.do(Append(list(records)))

    def records(self, topic: str) -> Sequence[Record]:
        return self._process.do(Tell(topic)).records

    def open_intents(self) -> Sequence[OpenIntent]:
        return self._process.do(TellOpen()).open

    def close(self) -> None:
        super().close()
        if not self._keep:
            shutil.rmtree(self.folder)
