"""`soc init`: the configuration, the store and the desk."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from soc.cli.call.context import Soc, pass_soc
from soc.cli.call.files import write_whole
from soc.cli.call.output import note
from soc.folders import alone
from soc.owners import make_folder
from soc.shipped import DATA

CONFIG = """\
# soc.toml: see `soc doctor` for what is in force.

# Content roots over the shipped one; later ones win. Parsers in them are code: only you may write there.
content = {content}

[retention]
days = 30               # of what no entry below fits; what would go is said by: soc retain --dry-run
# max_disk = "200 GB"   # soc's own bytes; default: 80 % of its bytes + free space at init
# [[retention.keep]]    # for datasets, institutions, classes of institutions; the first that fits counts
# datasets = ["suricata.flow", "zeek.*"]
# days = 7

# [mail]
# host = "localhost"
# port = 25
# sender = "soc@example.org"
"""
UNITS = ("soc-run.service", "soc-run.timer")


@click.command()
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    help="Also make a content root there for your own feeds, rules and parsers, with an example of each.",
)
@click.option("--systemd", type=click.Path(path_type=Path), help="Also write a hardened service and timer into this folder.")
@click.option("--crontab", is_flag=True, help="Print a crontab line that runs soc every five minutes.")
@pass_soc
def init(soc: Soc, site: Path | None, systemd: Path | None, crontab: bool) -> None:
    """Make the configuration, the store and the desk. What is there already stays as it is.

    \b
    Example:  soc --home /var/lib/soc init --site /srv/soc-content --systemd /etc/systemd/system
    """
    soc.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(soc.home):  # what another one has made meanwhile is there already
        if site:
            _make_site(site)
        _write_config(soc, site)
        make_state(soc)
        if systemd:
            for name in UNITS:
                write_whole(systemd / name, unit(name, soc).encode())
                note(f"wrote {systemd / name}")
    if crontab:
        click.echo(cron_line(soc))


def _write_config(soc: Soc, site: Path | None) -> None:
    config = soc.home / "soc.toml"
    if not config.exists() and soc.config.path is None:
        write_whole(config, CONFIG.format(content=_toml([str(site.absolute())] if site else [])).encode(), mode=0o600)
        note(f"wrote {config}")
    elif site and site.absolute() not in soc.config.content:
        held = [*map(str, soc.config.content), str(site.absolute())]
        note(f"{soc.config.path or config} stays as it is; for {site} to be read, write in it: content = {_toml(held)}")


def _toml(texts: list[str]) -> str:
    """A TOML array of strings; JSON's are spelt alike."""
    return json.dumps(texts, ensure_ascii=False)


def make_state(soc: Soc, *, quiet: bool = False) -> None:
    """Makes the desk and the store where they do not exist."""
    from soc.cli.begin.made import make_store
    from soc.desk.runs.clock import Known

    soc.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = not (soc.home / "store").exists()
    desk = soc.open_desk(create=True)
    with desk.write() as tx:
        if tx.known_time() is None:
            tx.believe(Known(soc.now(), *soc.uptime()))
    desk.close()
    place = make_store(soc)
    if fresh and not quiet:
        note(f"made the store {place} and the desk {desk.place}")


def _make_site(site: Path) -> None:
    """A content root that survives Git, which keeps no empty folder: what to do with it, and an example in each of its folders."""
    for source in sorted(path for path in (DATA / "site").rglob("*") if path.is_file()):
        place = site.absolute() / source.relative_to(DATA / "site")
        make_folder(place.parent)
        if not place.exists():
            write_whole(place, source.read_bytes(), mode=0o644)


def command(soc: Soc) -> str:
    """This soc by its absolute path, on the state and content it was called for."""
    program = shutil.which("soc", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    options = soc.options() if "--home" in soc.options() else ["--home", str(soc.home), *soc.options()]
    return shlex.join([program or str(Path(sys.argv[0]).absolute()), *options])


def cron_line(soc: Soc) -> str:
    """Every five minutes, with a deadline; overlapping runs end at once."""
    return f"*/5 * * * * {command(soc)} run --deadline 4m".replace("%", r"\%")  # crontab(5): a bare one ends the line


def unit(name: str, soc: Soc) -> str:
    """A shipped systemd unit with this installation's paths and account filled in."""
    from string import Template

    text = (DATA / "systemd" / name).read_text(encoding="utf-8")
    said = {"command": command(soc), "home": f'"{soc.home}"', "user": soc.actor if os.geteuid() else "root"}
    return Template(text).substitute({name: value.replace("%", "%%") for name, value in said.items()})  # systemd.unit(5), specifiers
