"""What processes share at a server: quotas per minute, the calls that may be under way at once, who asks what.

All of it stands in the journal's file, as the limits do.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Sequence
from pathlib import Path

import attrs

TABLES = """
CREATE TABLE IF NOT EXISTS quotas (
  run TEXT NOT NULL, model TEXT NOT NULL, name TEXT NOT NULL, level REAL NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (run, model, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (
  run TEXT NOT NULL, model TEXT NOT NULL, process TEXT NOT NULL, wanted INTEGER NOT NULL, held INTEGER NOT NULL,
  until REAL NOT NULL, PRIMARY KEY (run, model, process)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asking (
  key TEXT PRIMARY KEY, process TEXT NOT NULL, pid INTEGER NOT NULL, born TEXT NOT NULL, at REAL NOT NULL)
  WITHOUT ROWID;
"""
_PROCESS = uuid.uuid4().hex
"""What tells this process from others that share a journal; it is in no data."""
_LONGEST = 3600.0
"""Seconds that anybody may take to ask: what was claimed before that is free, should its number live on."""


@attrs.frozen
class Shared:
    """What the processes of ``run`` share of ``model``, within one transaction.

    ``now`` is in seconds since the epoch, the only clock that processes have in common.
    """

    connection: sqlite3.Connection
    run: str
    model: str
    now: float
    process: str = _PROCESS

    def draw(self, name: str, *, rate: float, burst: float, amount: float) -> float:
        """Draw from a bucket that fills at ``rate`` a second up to ``burst``: the seconds until that may be used.

        What is not there yet is drawn ahead, so that whoever comes next waits longer: first come, first served. An
        amount above ``burst`` waits for a full bucket. A negative amount is put back.
        """
        row = self.connection.execute(_LEVEL, (self.run, self.model, name)).fetchone()
        before, at = row or (burst, self.now)
        level = min(burst, before + max(0.0, self.now - at) * rate)
        self.connection.execute(_DRAWN, (self.run, self.model, name, level - amount, self.now))
        return max(0.0, (min(amount, burst) - level) / rate) if amount > 0 else 0.0

    def places(self, most: int, *, wanted: int, held: int, seconds: float) -> int:
        """How many calls of ``most`` this process may have under way, where it would like ``wanted`` and has ``held``.

        Everybody may have an equal share and what others do not want of theirs, but never what another still holds.
        What is said here counts for ``seconds``, so that the places of a process that died come back.
        """
        self.connection.execute(_GONE, (self.run, self.model, self.process, self.now))
        if not wanted and not held:
            return 0
        others = self.connection.execute(_OTHERS, (self.run, self.model)).fetchall()
        fair = most // (len(others) + 1)
        spare = most - fair - sum(min(fair, theirs) for theirs, _ in others)
        free = most - sum(theirs for _, theirs in others)
        granted: int = max(0, min(wanted, fair + spare, free))
        mine = (self.run, self.model, self.process, wanted, max(granted, held), self.now + seconds)
        self.connection.execute("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?)", mine)
        return granted


def claim(connection: sqlite3.Connection, keys: Sequence[str], now: float, process: str = _PROCESS) -> set[str]:
    """Those of ``keys`` that nobody else is asking just now; from here on this process is asking them.

    A process that died asks nothing, nor does one that was not heard of for an hour.
    """
    others = connection.execute(_CLAIMED, (process,)).fetchall()
    dead = [(who,) for who, pid, born in others if born != _born(pid)]
    connection.executemany("DELETE FROM asking WHERE process = ?", dead)
    connection.execute("DELETE FROM asking WHERE at < ?", (now - _LONGEST,))
    pid = os.getpid()
    born = _born(pid)
    connection.executemany(_CLAIM, ((key, process, pid, born, now) for key in keys))
    return {key for (key,) in connection.execute("SELECT key FROM asking WHERE process = ?", (process,))} & set(keys)


def release(connection: sqlite3.Connection, process: str = _PROCESS) -> None:
    """This process asks nothing any more."""
    connection.execute("DELETE FROM asking WHERE process = ?", (process,))


def _born(pid: int) -> str | None:
    """When a process began, since numbers are given again; ``None`` where it is gone, empty where nobody knows."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except ProcessLookupError:
        return None
    except OSError:  # there is no such folder, or the process is somebody else's
        return ""
    fields = stat.rpartition(")")[2].split()  # proc(5): these begin with the third, state
    return None if fields[0] in "ZX" else fields[19]  # a zombie asks nothing; starttime is the 22nd


_CLAIMED = "SELECT DISTINCT process, pid, born FROM asking WHERE process != ?"
_CLAIM = "INSERT OR IGNORE INTO asking VALUES (?, ?, ?, ?, ?)"
_LEVEL = "SELECT level, at FROM quotas WHERE run = ? AND model = ? AND name = ?"
_DRAWN = "INSERT OR REPLACE INTO quotas VALUES (?, ?, ?, ?, ?)"
_GONE = "DELETE FROM places WHERE run = ? AND model = ? AND (process = ? OR until < ?)"
_OTHERS = "SELECT wanted, held FROM places WHERE run = ? AND model = ?"
