"""A store keeps what was written together, reads in order, and says what to do when it cannot."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.partition import HEAD_KEY
from app.drivers.local_rows import WRITTEN_FROM, LocalRows
from app.drivers.rocks import (
    PAGE_BYTES,
    Batch,
    Store,
    StoreCorrupt,
    StoreError,
    StoreLocked,
    destroy,
)
from topics.record import Record


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "deep" / "store")
    yield store
    store.close()


def test_a_batch_is_written_as_one(store: Store) -> None:
    """Puts and deletes of a batch are there after it, in their order."""
    batch = Batch()
    batch.put(b"a", b"1")
    batch.put(b"b", b"2")
    batch.delete(b"a")
    store.write(batch, sync=True)
    assert (store.get(b"a"), store.get(b"b"), store.get(b"c")) == (None, b"2", None)


def test_a_scan_reads_one_prefix_in_order(store: Store) -> None:
    """A scan goes over many pages, begins where it is told, and ends with its prefix."""
    batch = Batch()
    for n in range(2_500):
        batch.put(b"x%05d" % n, b"%d" % n)
    batch.put(b"y", b"")
    batch.put(b"w", b"")
    store.write(batch, sync=False)
    assert [int(value) for _, value in store.scan(b"x")] == list(range(2_500))
    assert next(store.scan(b"x", b"02499")) == (b"x02499", b"2499")
    assert (store.last(b"x"), store.last(b"z")) == ((b"x02499", b"2499"), None)


def test_a_scan_holds_a_page_of_large_values_and_no_more(store: Store) -> None:
    """A megabyte at once, however much stands behind it; nothing is left out between the pages."""
    size = 130_000
    for n in range(100):
        store.put(b"x%03d" % n, b"%d" % n + bytes(size))
    tracemalloc.start()
    found = [int(value[:-size]) for _, value in store.scan(b"x")]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == list(range(100))
    # The page that was read, the one that is being read, and one value more in each.
    assert peak < 2 * (PAGE_BYTES + size) + 100_000


def test_a_prefix_can_be_dropped(store: Store) -> None:
    """Dropping a prefix leaves its neighbours alone."""
    for key in (b"a", b"b", b"bb", b"c"):
        store.put(key, key)
    store.drop(b"b")
    assert [store.get(key) for key in (b"a", b"b", b"bb", b"c")] == [b"a", None, None, b"c"]


def test_a_half_read_scan_does_not_keep_the_folder(tmp_path: Path) -> None:
    """A store can be opened again after `close`, though somebody stopped in the middle of a scan."""
    store = Store(tmp_path)
    store.put(b"a", b"1", sync=True)
    scan = store.scan(b"a")
    next(scan)
    store.close()
    store.close()
    assert Store(tmp_path).get(b"a") == b"1"


def test_a_store_in_use_says_so(store: Store) -> None:
    """Two processes cannot have one folder; the second is told to stop the first."""
    with pytest.raises(StoreLocked, match="stop that one"):
        Store(store.path)
    code = f"from pathlib import Path; from app.drivers.rocks import Store; Store(Path({str(store.path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "StoreLocked" in other.stderr


def test_a_damaged_store_says_so(tmp_path: Path) -> None:
    """Damaged files are named as such, with what to do about them."""
    Store(tmp_path).close()
    manifest = next(tmp_path.glob("MANIFEST-*"))
    damaged = bytearray(manifest.read_bytes())
    damaged[20] ^= 0xFF
    manifest.write_bytes(damaged)
    with pytest.raises(StoreCorrupt, match="backup"):
        Store(tmp_path)


@pytest.mark.parametrize("lost", ["MANIFEST-*", "CURRENT", "*.sst"])
def test_a_store_that_lost_a_file_is_damaged(tmp_path: Path, lost: str) -> None:
    """A file of its own that is gone is damage, and no question of room or rights."""
    store = Store(tmp_path)
    store.put(b"a", b"1", sync=True)
    store.close()
    for file in tmp_path.glob(lost):
        file.unlink()
    with pytest.raises(StoreCorrupt, match="can be deleted"):
        Store(tmp_path)


def test_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    """A path that cannot be a folder is an error with the path in it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "file")


def test_local_rows_stand_at_a_position(store: Store) -> None:
    """Rows and position are applied together, with the time; a row that is None is gone."""
    copy = LocalRows(store)
    assert (copy.position, copy.followed_at, list(copy.items())) == (None, None, [])
    began = time.time()
    copy.apply({"ana": b"1", "bo": b"2", HEAD_KEY: b"h"}, 7)
    copy.apply({"ana": None, "ñandú": b"3"}, 9)
    assert copy.position == 9
    assert copy.followed_at == pytest.approx(began, abs=5)
    assert list(copy.items()) == [(HEAD_KEY, b"h"), ("bo", b"2"), ("ñandú", b"3")]
    assert (copy.get("ana"), copy.get(HEAD_KEY)) == (None, b"h")


def test_local_rows_lag_on_the_disk_and_never_lead(store: Store) -> None:
    """Who finds the folder after a kill sees rows and position of one earlier time; later ones together, too."""
    copy = LocalRows(store)
    copy.apply({f"user-{n}": b"1" for n in range(WRITTEN_FROM)}, 7)
    copy.apply({"user-0": b"2", "user-1": None}, 9)
    assert (copy.position, copy.get("user-0"), copy.get("user-1")) == (9, b"2", None)
    found = LocalRows(store)
    assert (found.position, found.get("user-0"), found.get("user-1")) == (7, b"1", b"1")
    copy.write()
    found = LocalRows(store)
    assert (found.position, found.get("user-0"), found.get("user-1")) == (9, b"2", None)


def test_local_rows_are_written_when_they_are_closed(tmp_path: Path) -> None:
    """A worker that ends in good order restores nothing when it comes back."""
    copy = LocalRows(Store(tmp_path))
    copy.apply({"ana": b"1"}, 7)
    copy.close()
    again = LocalRows(Store(tmp_path))
    assert (again.position, dict(again.items())) == (7, {"ana": b"1"})
    again.close()


def test_local_rows_can_be_wiped(store: Store) -> None:
    """After a wipe the copy knows nothing, not even where it stood."""
    copy = LocalRows(store)
    copy.apply({"ana": b"1", HEAD_KEY: b"h"}, 7)
    copy.wipe()
    assert (copy.position, copy.followed_at, list(copy.items())) == (None, None, [])


def test_a_destroyed_store_is_empty_when_it_is_opened_again(tmp_path: Path) -> None:
    """A local copy may be deleted as a folder."""
    store = Store(tmp_path / "copy")
    store.put(b"a", b"1", sync=True)
    store.close()
    destroy(tmp_path / "copy")
    assert Store(tmp_path / "copy").get(b"a") is None


def test_a_restore_writes_the_changelog_as_it_comes(tmp_path: Path) -> None:
    """The last word about a person counts, a tombstone takes the row away, and the position is behind the batch."""
    rows = LocalRows(Store(tmp_path / "copy"))
    words = [(b"ana", b"1"), (b"ben", b"2"), (b"ana", b"3"), (b"ben", None), (b"eva", b"4")]
    rows.load([Record("nudge-state", 0, 7 + at, *word, timestamp_ms=0) for at, word in enumerate(words)])
    assert (rows.get("ana"), rows.get("ben"), rows.get("eva")) == (b"3", None, b"4")
    assert rows.position == 12
    rows.close()
    again = LocalRows(Store(tmp_path / "copy"))
    assert dict(again.items()) == {"ana": b"3", "eva": b"4"}
    assert again.position == 12
    again.close()
