"""What every command gets: configuration, content, store, desk and the clock, each made when it is first asked for."""

from __future__ import annotations

import os
import pwd
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soc.cli.call.config import Config, find_config, find_home, load_config
from soc.cli.call.words import check_words
from soc.text import system_text

if TYPE_CHECKING:  # heavy: imported where they are used
    from soc.content import Content
    from soc.desk.desk import Desk
    from soc.store.base import Store


class Soc:
    """One call of the command line. Nothing is opened before it is asked for."""

    def __init__(self, home: Path | None, config: Path | None, content: tuple[Path, ...], store: str | None = None) -> None:
        self.home = find_home(home)
        self.stated_store = store
        self._stated_home, self._stated_config, self._roots = home, config, content

    @cached_property
    def config(self) -> Config:
        config = load_config(find_config(self._stated_config, self.home))
        return replace(config, store=self.stated_store) if self.stated_store else config

    def options(self) -> list[str]:
        """The words that make another call work on the same state and content as this one."""
        pairs = [("--home", self._stated_home), ("--config", self._stated_config), *(("--content", root) for root in self._roots)]
        stated = ["--store", self.stated_store] if self.stated_store else []
        return [*(word for name, value in pairs if value is not None for word in (name, str(value.absolute()))), *stated]

    def pasted(self, *words: str) -> str:
        """A command line that works when it is pasted into a shell: this soc as it was called, on the same state and content."""
        import shutil

        called, found = sys.argv[0], shutil.which("soc")
        program = "soc" if found and Path(called).exists() and Path(found).samefile(called) else called
        return shlex.join([program, *self.options(), *words])

    def now(self) -> int:
        """The moment, in microseconds: the only place where soc reads the wall clock."""
        return time.time_ns() // 1000

    def uptime(self) -> tuple[str, int]:
        """Which boot of the machine this is, and the microseconds since then, sleep included; ("", 0) where the system does not tell.

        What no setting of the clock changes. Containers share it with their host.
        """
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            return boot, int(float(Path("/proc/uptime").read_text(encoding="ascii").split()[0]) * 1e6)
        except (FileNotFoundError, PermissionError):
            return "", 0

    def monotonic(self) -> float:
        """Seconds that only grow, for deadlines."""
        return time.monotonic()

    @cached_property
    def roots(self) -> tuple[Path, ...]:
        """Content roots over the shipped one: those of the configuration, then those of `--content`."""
        return (*self.config.content, *(root.absolute() for root in self._roots))

    @cached_property
    def content(self) -> Content:
        """All content; its `errors` list what could not be loaded. Wrong content stops nothing but itself."""
        from soc.content import load_content

        return load_content(self.roots, cache=self.cache)

    @property
    def cache(self) -> Path:
        """Where compiled rules are kept; safe to delete."""
        return self.home / "cache" if self.home.is_dir() else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "soc"

    @cached_property
    def store(self) -> Store:
        """The event store. Raises StoreError when it does not exist; `soc init` makes it."""
        from soc.cli.call.output import log_safely
        from soc.cli.call.stores import open_store

        log_safely()  # whoever logs has imported the module that it takes
        return open_store(self.config, self.home, catalogue=lambda: self.content.catalogue, desk=lambda: self.desk, clock=self.now)

    @cached_property
    def desk(self) -> Desk:
        """The desk. Raises DeskError when it does not exist; `soc init` makes it."""
        return self.open_desk()

    def open_desk(self, *, create: bool = False) -> Desk:
        """The desk that the configuration names, made when `create` is set and it is not there. Raises DeskError."""
        from soc.desk.desk import open_desk

        url = f"sqlite:///{self.home / 'desk.db'}" if self.config.desk == "sqlite" else self.config.desk
        return open_desk(url, create=create, password=os.environ.get("SOC_DESK_PASSWORD") or None)

    @cached_property
    def actor(self) -> str:
        """Who is acting: SUDO_USER, else the login name."""
        try:
            return system_text(os.environ.get("SUDO_USER") or pwd.getpwuid(os.geteuid()).pw_name)
        except KeyError:
            return f"uid {os.geteuid()}"


_pass_soc = click.make_pass_decorator(Soc)


def pass_soc(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command its Soc, and only words that can be printed, stored and compared. Raises UsageError that names another."""

    @wraps(command)
    def checked(*words: Any, **options: Any) -> Any:
        check_words(click.get_current_context())
        return command(*words, **options)

    return _pass_soc(checked)
