"""`soc rule`: the Sigma rules and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.output import cell, chosen, emit, emit_object, note, output_option, safe_echo
from soc.errors import UsageError

if TYPE_CHECKING:
    from soc.content import Content
    from soc.detect.rules.rule import Rule, RuleSet

F = TypeVar("F", bound=Callable[..., Any])
COLUMNS = ("id", "level", "title", "logsource", "state", "why")
STATES = ("active", "quiet", "off", "dormant")
LEVELS = ("informational", "low", "medium", "high", "critical")


@click.group()
def rule() -> None:
    """Sigma rules: what runs, what does not and why.

    \b
    Example:  soc rule list --state dormant
              soc rule check
              soc rule test brute_force
    """


def rules_option(command: F) -> F:
    """Adds `--rules`: folders of others' rules beside those of the content."""
    text = "A folder (or file) of any Sigma rules, added to ours; repeatable."
    return click.option("--rules", "folders", multiple=True, type=click.Path(exists=True, path_type=Path), help=text)(command)


@rule.command("list")
@click.option("--state", type=click.Choice(STATES), help="active; quiet: only correlations count its hits; off: by tuning; dormant.")
@click.option("--level", type=click.Choice(LEVELS), help="Only rules whose alerts have this level.")
@click.option("--tag", help="Only rules with a tag that begins so, as in attack.t1110.")
@click.option("--dataset", help="Only rules that see this dataset.")
@click.option("--blind", is_flag=True, help="Only rules that run while no feed alive supplies what they look at.")
@click.argument("words", nargs=-1)
@rules_option
@output_option
@pass_soc
def list_(soc: Soc, /, words: tuple[str, ...], folders: tuple[Path, ...], blind: bool, output: str | None, **filters: str | None) -> None:
    """All rules, or those whose title, id or path holds all WORDS.

    \b
    Example:  soc rule list ssh --level high
              soc rule list --rules ~/sigma/rules --state dormant
              soc rule list --blind
    """
    content = content_with(soc, folders)
    rules = content.rules
    rows = [row for one in rules.rules.values() if (row := _row(one, rules)) and _wanted(one, row, words, filters, content)]
    if blind:
        rows = _blind(rows, soc, content)
    emit(sorted(rows, key=lambda row: (row["logsource"], row["title"], row["id"])), COLUMNS, output)
    if blind and not rows:
        note("no rule is blind")
    _note_faults(rules)


@rule.command()
@click.argument("id")
@rules_option
@output_option
@pass_soc
def show(soc: Soc, id: str, folders: tuple[Path, ...], output: str | None) -> None:
    """One rule: where it lies, what it sees and reads, and its condition as it is compiled. ID may be its beginning, or its name.

    \b
    Example:  soc rule show 7c6fb4d6
    """
    content = content_with(soc, folders)
    found = the_rule(content.rules, id)
    if chosen(output) == "json":
        emit_object(_object(found, content))
        return
    for name, value in _object(found, content).items():
        if value not in (None, "", [], {}) and name not in ("condition", "correlation"):
            safe_echo(f"{name:15} {cell(value)}")
    safe_echo("")
    for line in _condition_lines(found, content.rules):
        safe_echo(line)


@rule.command()
@rules_option
@output_option
@pass_soc
def check(soc: Soc, folders: tuple[Path, ...], output: str | None) -> int:
    """Rules that were refused, rules that never run, and what is wrong in tuning, lists, pipelines and exceptions.

    Words such as no, 0010 and 22:30:00 that stand in a rule without quotes are texts, and are listed: other tools may differ.

    Exits 2 when a rule of ours was refused or never runs, or another file is wrong. Others' rules (--rules) are only listed.

    \b
    Example:  soc rule check
    """
    content = content_with(soc, folders)
    rules = content.rules
    exceptions = content.exceptions
    faults = [*rules.refused, *(error for error in content.errors if error not in rules.refused)]
    rows = [{"state": "refused", "path": str(e.path), "line": e.line, "why": e.what, "repair": e.repair} for e in faults]
    dormant = list(rules.dormant())
    rows += [{"state": "dormant", "path": str(r.path), "line": r.line, "why": r.dormant, "repair": ""} for r in dormant]
    rows += [_word(one, line, word) for one in rules.rules.values() for line, word in one.words]
    emit(rows, ("state", "path", "line", "why", "repair"), output)
    active = sum(1 for _ in rules.active())
    note(f"{active} rules run, {len(dormant)} never, {len(rules.refused)} refused; {len(exceptions)} exceptions")
    theirs = [folder.absolute() for folder in folders]
    ours = [e for e in faults if not (e.path and any(Path(e.path).absolute().is_relative_to(folder) for folder in theirs))]
    return 2 if ours or any(not one.imported for one in dormant) else 0


def _word(one: Rule, line: int, word: str) -> dict[str, Any]:
    why = f"{word!r} is this text, as in YAML 1.2; by YAML 1.1 it is something else"
    return {"state": "word", "path": str(one.path), "line": line, "why": why, "repair": "write it in quotes"}


@rule.command()
@click.argument("names", nargs=-1)
@output_option
@pass_soc
def test(soc: Soc, names: tuple[str, ...], output: str | None) -> int:
    """Try rules on their own logs: NAME.hit.log beside a rule must raise it, NAME.miss.log must not.

    All rules of the content, or those whose id, name, title or path holds one of NAMES. Undated lines are read as of 2026-11-01.
    Exits 2 when a rule fails. Rules without logs are listed as unproved.

    \b
    Example:  soc rule test
              soc rule test brute_force vpn
    """
    from soc.cli.rules.proof import DORMANT, FAILED, PROVED, UNPROVED, Prover
    from soc.cli.rules.proof import chosen as rules_named

    content = soc.content
    rules = rules_named(content.rules.rules.values(), names)
    if names and not rules:
        raise UsageError(f"no rule's id, name, title or path holds {' or '.join(map(repr, names))}\n  see: soc rule list")
    prover = Prover(content)
    proofs = [prover.prove(one) for one in rules]
    rows = [
        {"state": proof.state, "title": proof.rule.title, "path": str(proof.rule.path), "id": proof.rule.id, "why": list(proof.faults)}
        for proof in proofs
    ]
    emit(rows, ("state", "title", "path", "why"), output)
    counts = {state: sum(proof.state == state for proof in proofs) for state in (PROVED, FAILED, UNPROVED, DORMANT)}
    note(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "there are no rules")
    _note_faults(content.rules)
    return 2 if counts[FAILED] else 0


def content_with(soc: Soc, folders: tuple[Path, ...]) -> Content:
    """The content, with others' rules beside ours."""
    from soc.content import load_content

    return load_content(soc.roots, cache=soc.cache, extra_rules=folders) if folders else soc.content


def _row(one: Rule, rules: RuleSet) -> dict[str, Any]:
    return {
        "id": one.id,
        "level": one.severity,
        "title": one.title,
        "logsource": str(one.logsource) if one.condition is not None else "correlation",
        "state": _state(one, rules),
        "why": one.dormant or (f"nothing supplies {', '.join(one.unsupplied)}" if one.unsupplied else ""),
        "tags": list(one.tags),
        "status": one.status,
        "path": f"{one.path}:{one.line}",
        "imported": one.imported,
    }


def _blind(rows: list[dict[str, Any]], soc: Soc, content: Content) -> list[dict[str, Any]]:
    """Those of blind rules, with why."""
    from soc.cli.rules.blind import blind_rules

    why = blind_rules(soc, content)
    return [row | {"why": why[row["id"]]} for row in rows if row["id"] in why]


def _state(one: Rule, rules: RuleSet) -> str:
    if one.dormant is not None:
        return "dormant"
    return "off" if not one.tuning.enabled else "quiet" if one.id in rules.quiet else "active"


def _wanted(one: Rule, row: dict[str, Any], words: tuple[str, ...], filters: dict[str, str | None], content: Content) -> bool:
    told = f"{one.title} {one.id} {one.name} {one.path}".lower()
    state, level, tag, dataset = (filters[name] for name in ("state", "level", "tag", "dataset"))
    return (
        all(word.lower() in told for word in words)
        and state in (None, row["state"])
        and level in (None, row["level"])
        and (tag is None or any(own.lower().startswith(tag.lower()) for own in one.tags))
        and (dataset is None or dataset in _sees(one, content))
    )


def _sees(one: Rule, content: Content) -> list[str]:
    """The datasets that the rule, or a rule it correlates, looks at."""
    if one.correlation is not None:
        return sorted({name for part in one.correlation.rules for name in _sees(content.rules.rules[part], content)})
    return [dataset.name for dataset in content.datasets if any(one.logsource.sees(declared) for declared in dataset.logsources)]


def _object(one: Rule, content: Content) -> dict[str, Any]:
    from soc.condition import codec
    from soc.condition.tree import fields

    tuning = {name: getattr(one.tuning, name) for name in ("enabled", "level", "key", "cell", "side", "category", "lookback")}
    names = sorted(fields(one.condition)) if one.condition is not None else []
    return _row(one, content.rules) | {
        "name": one.name,
        "description": one.description,
        "author": one.author,
        "references": list(one.references),
        "falsepositives": list(one.falsepositives),
        "sees": _sees(one, content),
        "fields": [f"{name} ({content.catalogue.type_of(name)})" for name in names],
        "tuning": {name: value for name, value in tuning.items() if value not in (None, True)},
        "exceptions": [held.id for held in content.exceptions if held.concerns([one.id])],
        "hash": one.hash,
        "condition": codec.dump(one.condition) if one.condition is not None else None,
        "correlation": "\n".join(_condition_lines(one, content.rules)) if one.correlation is not None else None,
    }


def _condition_lines(one: Rule, rules: RuleSet) -> list[str]:
    from soc.detect.rules.describe import correlation_text, tree_lines

    if one.correlation is not None:
        return [correlation_text(one.correlation, {id_: other.title for id_, other in rules.rules.items()})]
    return list(tree_lines(one.condition)) if one.condition is not None else []


def the_rule(rules: RuleSet, id: str) -> Rule:
    """The one rule of this id, beginning of an id, or name. Raises UsageError."""
    found = [one for one in rules.rules.values() if one.id.startswith(id.lower()) or id in (one.id, one.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        refused = [str(error) for error in rules.refused if id in str(error.path)]
        raise UsageError(f"no rule has the id or name {id!r}\n  " + (refused[0] if refused else "see: soc rule list"))
    raise UsageError(f"{len(found)} rules begin with {id!r}\n  they are: {', '.join(one.id for one in found[:5])}")


def _note_faults(rules: RuleSet) -> None:
    if rules.refused or rules.errors:
        note(f"{len(rules.refused)} rules were refused, {len(rules.errors)} other files are wrong; see: soc rule check")
