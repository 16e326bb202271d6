"""`soc exception`: what rules are to overlook."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import click
import yaml

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.files import write_whole
from soc.cli.call.output import emit, note, output_option
from soc.cli.call.when import later
from soc.cli.cases.alert import the_alert
from soc.detect.rules.reach import leaf_keys, out_of_reach
from soc.detect.rules.rule import RuleSet
from soc.errors import UsageError
from soc.folders import alone
from soc.model import Alert
from soc.owners import make_folder
from soc.times import iso

COLUMNS = ("id", "title", "rules", "institutions", "owner", "reason", "expires", "state", "hidden", "last_hidden")


@click.group()
def exception() -> None:
    """Exceptions: what rules are to overlook, for whom, why, and until when.

    \b
    Example:  soc exception add --from-alert 3f9c12ab --reason 'scanner of the audit' --expires 30d
    """


@exception.command()
@click.option("--from-alert", "alert", required=True, help="The alert whose rule, key and institution are to be overlooked.")
@click.option("--reason", required=True, help="Why; it is shown wherever the exception is.")
@click.option("--expires", required=True, help="When it ends: 30d, 12w or a date.")
@click.option("--owner", help="Who answers for it.  [default: me]")
@pass_soc
def add(soc: Soc, alert: str, reason: str, expires: str, owner: str | None) -> None:
    """Write an exception from an alert into your content root. Later events that meet it raise nothing, and are counted.

    \b
    Example:  soc exception add --from-alert 3f9c12ab --reason 'backup host, ticket 4711' --expires 30d
    """
    if not reason.strip():
        raise UsageError("the reason is empty")
    with soc.desk.read() as tx:
        found = the_alert(tx, alert)
    now = soc.now()
    until = later(expires, now)
    if until <= now:
        raise UsageError(f"{expires} is past\n  write for example --expires 30d")
    entry = {
        "id": str(uuid5(NAMESPACE_URL, f"soc:exception:{found.id}:{now}")),
        "title": f"{found.title}: {_shown(found)}",
        "rules": [found.rule_id],
        "selection": selection(soc.content.rules, found),
        "institutions": [found.institution],
        "owner": owner or soc.actor,
        "reason": reason,
        "created": iso(now),
        "expires": iso(until),
    }
    path = site_root(soc) / "detections" / "exceptions" / f"{entry['id']}.yml"
    write_new(path, written(entry))
    note(f"wrote {path}")
    note("commit it with your content; the next run of `soc detect` knows it")


@exception.command("list")
@output_option
@pass_soc
def list_(soc: Soc, output: str | None) -> None:
    """All exceptions, whether they hold, and how many hits each has hidden.

    \b
    Example:  soc exception list
    """
    now = soc.now()
    with soc.desk.read() as tx:
        hidden = tx.hidden("excepted")
    rows = []
    for known in soc.content.exceptions:
        count = hidden.pop(known.id, None)
        rows.append(
            {
                "id": known.id,
                "title": known.title,
                "rules": sorted(known.rules) if known.rules else "all",
                "institutions": sorted(known.institutions) if known.institutions else "all",
                "owner": known.owner,
                "reason": known.reason,
                "expires": iso(known.expires) if known.expires is not None else "never",
                "state": "expired" if known.expires is not None and known.expires <= now else "in force",
                "hidden": count.count if count else 0,
                "last_hidden": iso(count.last) if count else None,
            }
        )
    rows += [{"id": id, "state": "removed", "hidden": one.count, "last_hidden": iso(one.last)} for id, one in sorted(hidden.items())]
    emit(rows, COLUMNS, output)
    for error in soc.content.errors:
        note(str(error))


def selection(rules: RuleSet, alert: Alert) -> Any:
    """A Sigma selection that the alert's events meet: its key, in their fields. Raises UsageError when it has none or hides too much."""
    if not alert.key:
        raise UsageError(
            "the alert has no key, so the exception would silence its whole rule\n  set `enabled: false` in detections/tuning/ instead"
        )
    rule = rules.rules.get(alert.rule_id)
    if rule is None:
        return {field: escaped(value) for field, value in alert.key.items()}
    for shared, reason in out_of_reach(rules, [rule.id]):
        raise UsageError(
            f"{rule.title!r} is a correlation of correlations: an exception for it would also hide alerts of {reason}\n"
            f"  write one by hand in detections/exceptions/, with rules: [{rule.id}, {shared.id}], if that is wanted"
        )
    keys = [{field: escaped(value) for field, value in key.items()} for key in leaf_keys(rules, rule, alert.key)]
    unique = [key for number, key in enumerate(keys) if key not in keys[:number]]
    return unique[0] if len(unique) == 1 else unique


def written(entry: dict[str, Any]) -> str:
    """The entry as YAML that reads back as it is: letters as they are, but escaped where YAML would fold one (U+0085 into a space)."""
    plain = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True)
    return plain if yaml.safe_load(plain) == entry else yaml.safe_dump(entry, sort_keys=False)


def escaped(value: str) -> str:
    """Text as Sigma writes it when no character of it is a wildcard."""
    return "".join(f"\\{letter}" if letter in "\\*?" else letter for letter in value)


def site_root(soc: Soc) -> Path:
    """The content root that the site writes to: the last one over the shipped root. Raises UsageError when there is none."""
    if not soc.roots:
        raise UsageError(
            "there is no content root of your own to write to\n  make one with: soc init --site FOLDER, or name one with --content"
        )
    return soc.roots[-1]


def write_new(path: Path, text: str) -> None:
    """Writes a file that does not exist yet, whole or not at all. Others cannot write to it: a content root with such a file is refused."""
    make_folder(path.parent)
    with alone(path.parent):
        write_whole(path, text.encode(), mode=0o644)


def _shown(alert: Alert) -> str:
    return ", ".join(f"{field} {value}" for field, value in alert.key.items())
