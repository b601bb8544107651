"""What happens to a worker's disk: it is full, and its files are damaged."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.kafka.faults.fleet import Slot
from tests.kafka.faults.scene import Scene, fault

DISK_MB = 24
"""Room for four small copies (a write buffer of 16 MB is never filled here), gone at once when it is filled up."""
FULL_S = 12.0


@fault("disk full", workers=2, short=False)
async def disk_full(scene: Scene) -> None:
    """The disk of one worker's local copies has no room left for a while, and then has room again."""
    slot = scene.fleet.slots[0]
    await scene.fleet.terminate(0)
    _mounted(scene, slot.state)
    await scene.fleet.start(0)
    await scene.all_ready()
    await scene.load.going(100)
    paused: set[str] = set()
    filler = slot.state / "filler"
    _fill(filler)
    scene.hit()
    ended = time.monotonic() + FULL_S
    while time.monotonic() < ended:
        _, said = await scene.fleet.page(0, "/readyz")
        paused |= {word for word in ("No space left on device", "has room") if word in said}
        await asyncio.sleep(0.2)
    scene.hit()
    filler.unlink()
    scene.healed()
    scene.expect(
        "No space left on device" in paused and "has room" in paused,
        f"the worker did not say that its disk is full (it said {sorted(paused)})",
    )
    scene.expect(slot.running and not slot.ended, "the worker ended over its full disk")
    await scene.all_ready()
    scene.notes.append(
        f"a file system of {DISK_MB} MB filled to the last byte for {FULL_S:g} s: partitions paused, /readyz said why; "
        f"all at work {time.monotonic() - scene.hit_at:.1f} s after there was room"
    )


def _mounted(scene: Scene, folder: Path) -> None:
    """A small file system in place of the volume; needs the right to mount."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tactful-fault", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(
            f"a small disk needs the right to mount one (run as root): {done.stderr.strip()}"
        )
    scene.at_end.append(lambda: subprocess.run(["umount", "-l", str(folder)], check=False))


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


# Damage. Each returns how many files it has changed.


def _flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    at %= max(1, len(content))
    content[at : at + 16] = bytes(0xFF ^ each for each in content[at : at + 16])
    file.write_bytes(content)


def flipped_rows(state: Path) -> int:
    """The beginning of the rows' files: seen when a row is read."""
    return _each(state, "*.sst", lambda file: _flip(file, 8))


def flipped_footers(state: Path) -> int:
    """The end of the rows' files: seen when they are opened."""
    return _each(state, "*.sst", lambda file: _flip(file, -40))


def lost_manifest(state: Path) -> int:
    """Without it nobody knows which files belong to the copy."""
    return _each(state, "MANIFEST-*", Path.unlink)


def lost_rows(state: Path) -> int:
    """Files that the manifest names are gone."""
    return _each(state, "*.sst", Path.unlink)


def cut_rows(state: Path) -> int:
    """Files end in the middle, as after a machine's crash on a disk that lied."""
    return _each(state, "*.sst", lambda file: os.truncate(file, file.stat().st_size // 2))


def flipped_journal(state: Path) -> int:
    """The middle of what was not yet put into files: a copy that is read from it is older than it was."""
    return _each(state, "*.log", lambda file: _flip(file, file.stat().st_size // 2))


def _each(state: Path, pattern: str, harm: Callable[[Path], None]) -> int:
    files = [file for file in state.rglob(pattern) if file.stat().st_size]
    for file in files:
        harm(file)
    return len(files)


AFTER_A_DRAIN = (flipped_rows, flipped_footers, lost_manifest, lost_rows, cut_rows)
AFTER_A_KILL = (flipped_journal, lost_manifest)


@fault("local copies damaged", workers=1)
async def damaged_copies(scene: Scene) -> None:
    """The copies of the one worker, while it is down, in every way; it throws them away and restores, or goes on."""
    slot = scene.fleet.slots[0]
    told: list[str] = []
    for harm, drained in [
        *((harm, True) for harm in AFTER_A_DRAIN),
        *((harm, False) for harm in AFTER_A_KILL),
    ]:
        await (scene.fleet.terminate if drained else scene.fleet.kill)(slot.number)
        files = harm(slot.state)
        scene.expect(files, f"there was nothing to damage: {harm.__name__}")
        if files:
            scene.hit(files)
        before = _damaged(slot)
        began = time.monotonic()
        await scene.fleet.start(slot.number)
        await scene.all_ready()
        ready = time.monotonic() - began
        await scene.load.going(30)
        found = _damaged(slot) - before
        told.append(f"{harm.__name__} {files} ({found}, {ready:.1f} s)")
        # A journal that is cut short is no damage to RocksDB: it goes on from where that ends, and we restore the rest.
        scene.expect(found or harm is flipped_journal, f"{harm.__name__}: the worker did not notice")
    scene.notes.append(f"files damaged (found to be damaged, ready again after): {', '.join(told)}")


def _damaged(slot: Slot) -> int:
    """How often this worker's log says that a local copy is damaged."""
    return slot.log.read_text(errors="replace").count("is damaged: a local copy")
