"""Loads content roots: parsers, feeds, rules and playbooks are registered by lying in a folder.

A root is a directory with the folders `parsers/ ingest/ detections/ playbooks/` (any of them may be missing). The
shipped root comes first; a later root replaces a rule by its id and anything else by its path. Each kind is loaded when
it is first asked for, so that a command pays only for what it uses.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soc.errors import ContentError
from soc.fields import Catalogue, base_catalogue
from soc.roots import check_root

if TYPE_CHECKING:  # each is imported where it is asked for
    from soc.detect.rules.rule import RuleSet
    from soc.detect.ruleset.exception import RuleException
    from soc.ingest.feeds import Feed
    from soc.ingest.institutions import Institutions
    from soc.parsing import Dataset, Parser
    from soc.parsing.routes import Routes

KINDS = ("parsers", "catalogue", "datasets", "feeds", "institutions", "rules", "exceptions", "playbooks")
FOLDERS = ("parsers", "ingest", "detections", "playbooks")


def shipped_root() -> Path:
    """The root that comes with soc: inside the wheel, or the checkout that the package lies in."""
    package = Path(__file__).parent
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


def load_content(
    roots: tuple[Path, ...], *, cache: Path | None = None, extra_rules: tuple[Path, ...] = (), parser: str | None = None
) -> Content:
    """The shipped root with `roots` over it. Raises ContentError when a root is no content root, or when others can write there.

    Parsers are code and playbooks run programs: who can write to a file of a root, or put another in its place, runs as us.

    `extra_rules`: folders of any Sigma rules, added as imported ones. `cache`: where compiled rules are kept. `parser`: the
    only one that is wanted, for a quick start; all are loaded when there is none of the name.
    """
    check_root(shipped_root(), FOLDERS, above=False)  # above it lies this program itself
    for root in roots:
        if not any((root / folder).is_dir() for folder in FOLDERS):
            raise ContentError("is no content root", path=root, repair=f"it needs one of the folders {', '.join(FOLDERS)}")
        check_root(root, FOLDERS)
    for folder in extra_rules:
        if not folder.exists():
            raise ContentError("there is no such file or folder of rules", path=folder, repair="check the path given to --rules")
    return Content((shipped_root(), *roots), cache, extra_rules, parser)


class Content:
    """All content of the roots, lowest first. `errors` lists what could not be loaded so far; the rest works."""

    def __init__(self, roots: tuple[Path, ...], cache: Path | None, extra_rules: tuple[Path, ...], parser: str | None = None) -> None:
        self.roots = roots
        self._cache, self._extra_rules, self._parser = cache, extra_rules, parser
        self.errors: list[ContentError] = []

    @cached_property
    def parsers(self) -> dict[str, Parser]:
        """By name; a later root's file replaces an earlier one's of the same name."""
        return (self._parser and self._load_parsers(self._parser)) or self._load_parsers()

    def _load_parsers(self, only: str | None = None) -> dict[str, Parser]:
        from soc.parsing.load import load_parsers

        parsers: dict[str, Parser] = {}
        for number, root in enumerate(self.roots):
            found, errors = load_parsers(root / "parsers", _root_name(number, root), only)
            self.errors += errors
            parsers.update((parser.name, parser) for parser in found)
        return parsers

    @cached_property
    def catalogue(self) -> Catalogue:
        """ECS, soc's own fields, and what the parsers add. A parser whose fields clash with known ones adds none."""
        catalogue = base_catalogue()
        for parser in self.parsers.values():
            try:
                catalogue = catalogue.extended(parser.fields)
            except ContentError as error:
                self.errors.append(ContentError(error.what, path=f"parsers/{parser.name}.py", repair=error.repair))
        return catalogue

    @cached_property
    def datasets(self) -> list[Dataset]:
        """What all parsers supply, and what the envelope alone does."""
        from soc.parsing.routes import SYSLOG

        return [SYSLOG, *(dataset for parser in self.parsers.values() for dataset in parser.supplies)]

    def routes(self, stated: str | None = None) -> Routes:
        """How lines find their parser: recognised, or of the stated format (a parser's name, or `syslog`)."""
        from soc.parsing.routes import Routes

        return Routes(list(self.parsers.values()), stated)

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """By name."""
        from soc.ingest.feeds import load_feeds

        feeds, errors = load_feeds([root / "ingest" for root in self.roots], self.parsers, self.institutions.by_id)
        self.errors += errors
        return feeds

    @cached_property
    def institutions(self) -> Institutions:
        """Of the last root that has an `ingest/institutions.yml`."""
        from soc.ingest.institutions import load_institutions

        paths = [path for root in self.roots if (path := root / "ingest" / "institutions.yml").is_file()]
        return load_institutions(paths[-1] if paths else None)

    @cached_property
    def rules(self) -> RuleSet:
        """All rules; `refused` names those that cannot mean anything."""
        from soc.detect.ruleset.load import load_rules

        folders = [root / "detections" for root in self.roots]
        rules = load_rules(folders, catalogue=self.catalogue, datasets=self.datasets, imported=self._extra_rules, cache_dir=self._cache)
        self.errors += [*rules.refused, *rules.errors]
        return rules

    @cached_property
    def exceptions(self) -> list[RuleException]:
        """What rules are to overlook."""
        from soc.detect.ruleset.exception import institution_faults, load_exceptions

        folders = [root / "detections" / "exceptions" for root in self.roots]
        exceptions, errors = load_exceptions(folders, self.catalogue)
        self.errors += [*errors, *institution_faults(folders, list(self.institutions.by_id))]
        return exceptions

    @cached_property
    def playbooks(self) -> dict[str, Any]:
        """By id."""
        from soc.respond.playbooks.load import load_playbooks

        playbooks, errors = load_playbooks([root / "playbooks" for root in self.roots])
        self.errors += errors
        return playbooks

    def file(self, *parts: str) -> Path:
        """The file of this path in the last root that has it. Raises ContentError when none has."""
        for root in reversed(self.roots):
            if (path := root.joinpath(*parts)).is_file():
                return path
        raise ContentError("is in no content root", path=Path(*parts), repair="take the one of the shipped root")

    def load(self, *kinds: str) -> list[ContentError]:
        """Loads these kinds, without any: all; returns what is wrong with what was loaded so far."""
        for kind in kinds or KINDS:
            try:
                getattr(self, kind)
            except ContentError as error:
                self.errors.append(error)
        return self.errors


def _root_name(number: int, root: Path) -> str:
    """A name for the root's modules: `shipped`, then the folder's name with its place."""
    return "shipped" if number == 0 else f"root{number}_{re.sub(r'[^a-zA-Z0-9]', '_', root.name)}"
