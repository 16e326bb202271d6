"""Calls of `soc` as a process, on a state folder of the test's own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

SOC = [sys.executable, "-c", "from soc.cli.main import main; main()"]
LINE = "<38>1 2026-11-20T10:14:{second:02d}.{part:06d}Z gw1 sshd 4721 - - Failed password for {user} from 203.0.113.7 port 52144 ssh2\n"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("SOC_")}


class Site:
    """A state folder whose `soc.toml` says what the test wants, and a place for a log; `env` goes with every call."""

    def __init__(self, folder: Path, store: Mapping[str, Any], *, more: str = "", env: Mapping[str, str] | None = None) -> None:
        self.home, self.log, self.env = folder / "home", folder / "auth.log", dict(env or {})
        self.home.mkdir(mode=0o700)
        self.more = more
        self.configure(store)

    def configure(self, store: Mapping[str, Any]) -> None:
        lines = [f"{name} = {json.dumps(value)}" for name, value in store.items()]
        (self.home / "soc.toml").write_text("\n".join(["[store]", *lines, "[retention]", "days = 36500", self.more, ""]))
        (self.home / "soc.toml").chmod(0o600)

    def soc(self, *words: str, typed: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        call = [*SOC, "--home", str(self.home), *words]
        given = {**CLEAN, **self.env, **env}
        fed: dict[str, Any] = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
        return subprocess.run(call, env=given, capture_output=True, text=True, timeout=300, check=False, **fed)

    def done(self, *words: str, **more: Any) -> str:
        """What a call prints that ends well."""
        ended = self.soc(*words, **more)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def begin(self, *words: str, typed: str = "") -> subprocess.Popen[str]:
        """A call that goes on while the test does something; what is typed comes through a pipe."""
        (self.home / "typed").write_text(typed)
        call, pipe = [*SOC, "--home", str(self.home), *words], subprocess.PIPE
        shell = ["sh", "-c", 'cat "$0" | exec "$@"', str(self.home / "typed"), *call]
        return subprocess.Popen(shell, env={**CLEAN, **self.env}, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def batches(self) -> int:
        """Closed batches, as the desk knows them, whatever the cluster does."""
        return self._count("SELECT count(*) FROM batches WHERE state = 'closed'")

    def covered(self) -> int:
        """Batches that were searched."""
        return self._count("SELECT coalesce(sum(last - first + 1), 0) FROM coverage")

    def _count(self, question: str) -> int:
        with closing(sqlite3.connect(self.home / "desk.db")) as desk:
            return int(desk.execute(question).fetchone()[0])

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.soc("status", "--output", "json").stdout)
        return found

    def lines(self) -> list[str]:
        """The lines of all stored events, in order."""
        printed = self.done("hunt", "events", "*", "--since", "36500d", "--limit", "1000000", "--output", "json")
        return sorted(json.loads(line)["event.original"] for line in printed.splitlines())


def failures(numbers: Iterable[int], user: str = "root") -> str:
    """Lines of sshd, each another one."""
    return "".join(LINE.format(second=number // 1_000_000 % 60, part=number % 1_000_000, user=user) for number in numbers)
