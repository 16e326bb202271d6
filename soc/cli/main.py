"""`soc`: nouns are loaded when they are called, so that `soc --help` imports next to nothing."""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from soc.cli.call.context import Soc
from soc.cli.call.words import check_environment, check_text, check_words
from soc.errors import ContentError, SocError, Unavailable, UsageError

COMMANDS = {  # noun or verb -> (module, what `soc --help` says of it)
    "try": ("soc.cli.begin.try_", "Any logs, nothing configured: recognise, parse, run all rules, show alerts and cases."),
    "demo": ("soc.cli.begin.demo", "A day at a research network, from raw logs to cases."),
    "init": ("soc.cli.begin.init", "Make the configuration, the store and the desk."),
    "doctor": ("soc.cli.operate.doctor", "What was found where, and what is wrong."),
    "status": ("soc.cli.operate.status", "Feeds, batches, coverage and the queue."),
    "parse": ("soc.cli.intake.parse", "Lines in, events out, nothing stored."),
    "ingest": ("soc.cli.intake.ingest", "Read files or standard input into the store."),
    "detect": ("soc.cli.rules.detect", "Run the rules over batches that they have not seen."),
    "respond": ("soc.cli.cases.respond", "Advance the playbooks of open cases."),
    "run": ("soc.cli.operate.run", "Feeds, detect, respond: one command for cron."),
    "retain": ("soc.cli.upkeep.retain", "Compact the store and drop what is older than the retention."),
    "rule": ("soc.cli.rules.rule", "Sigma rules: list, show, check, test."),
    "exception": ("soc.cli.cases.exception", "What rules are to overlook: add, list."),
    "hunt": ("soc.cli.hunts.hunt", "Ask the events: events, rule, rules, top, timeline, sql."),
    "alert": ("soc.cli.cases.alert", "Alerts: list, show."),
    "case": ("soc.cli.cases.case", "Cases: list, show, open, assign, note, status, close."),
    "playbook": ("soc.cli.cases.playbook", "Playbooks: list, show, run, answer."),
    "parser": ("soc.cli.intake.parser", "Parsers: list, show, check, try, accept."),
    "store": ("soc.cli.upkeep.store", "A cluster's indices: plan, apply, inspect, publish, salvage, kibana."),
    "check": ("soc.cli.operate.check", "Check all content: parsers, feeds, rules, playbooks."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name if cmd_name != "try" else "try_")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. There are: {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Lazy)
@click.option("--home", type=click.Path(path_type=Path), envvar="SOC_HOME", help="Where the state lives.  [env: SOC_HOME]")
@click.option("--config", type=click.Path(path_type=Path), envvar="SOC_CONFIG", help="The soc.toml to read.  [env: SOC_CONFIG]")
@click.option("--content", multiple=True, type=click.Path(path_type=Path), help="A content root over the shipped one; repeatable.")
@click.option("--store", envvar="SOC_STORE", help="The event store: segments, or https://host:port of a cluster.  [env: SOC_STORE]")
@click.version_option(package_name="soc")
@click.pass_context
def cli(ctx: click.Context, home: Path | None, config: Path | None, content: tuple[Path, ...], store: str | None) -> None:
    """A Security Operations Center in a repository: raw logs become ECS events, Sigma rules find
    what is suspicious, cases follow YAML playbooks.

    \b
    Exit codes: 0 done; 2 wrong use, or wrong content in a check; 3 store or desk unavailable;
    4 done, but with refusals or failures.

    \b
    Begin with:  soc demo    or    soc try /var/log/auth.log
    """
    check_words(ctx)
    check_environment()
    ctx.obj = Soc(home, config, content, store)
    check_text(str(ctx.obj.home), "the state folder")


@cli.result_callback()
@click.pass_obj
def show_changes(soc: Soc, /, code: object, **_: object) -> object:
    """Whatever changes alerts or cases shows on a cluster's dashboards at once; a store that did not answer is not asked again."""
    desk = soc.__dict__.get("desk")  # if it was opened
    if desk is not None and desk.touched and soc.config.store != "segments" and code != 3:
        from soc.cli.cases.published import publish_touched

        publish_touched(soc)
    return code


def main() -> None:
    """The entry point: every error of soc's own tree becomes one message on stderr and an exit code, without a traceback."""
    gc.set_threshold(100_000, 20, 20)  # imports make no garbage: looking for it costs a short command a tenth of its time
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads for algebra, of which soc has none, spin for 50 ms
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # writing Parquet takes from Arrow's own, which gives nothing back
    atexit.register(gc.freeze)  # and what is left at the end dies with the process: another tenth
    try:
        code = cli.main(standalone_mode=False, prog_name="soc")
    except click.exceptions.Abort:
        _drop_output()
        _leave("interrupted", 130)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _leave(shown.getvalue().rstrip("\n"), error.exit_code, before="")
    except BrokenPipeError:
        _drop_output()
        sys.exit(0)
    except SocError as error:
        _leave(str(error), exit_code(error))
    except MemoryError as error:
        what = f"out of memory: {error}" if str(error) else "out of memory"
        _leave(f"{what}\n  what was committed stays; let soc have more and run it again", 3)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _leave(f"{place}{error.strerror or error}", 3)
    sys.exit(code if isinstance(code, int) else 0)


def _drop_output() -> None:
    """What is not written yet is for nobody: at shutdown it would fail, or wait for a reader who has stopped to read."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def exit_code(error: SocError) -> int:
    """2 for wrong use and wrong content, 3 when store or desk are unavailable, else 4."""
    return 3 if isinstance(error, Unavailable) else 2 if isinstance(error, (UsageError, ContentError)) else 4


def _leave(message: str, code: int, *, before: str = "soc: ") -> NoReturn:
    """Says a message on stderr and ends; what in it comes from a log or a file steers no terminal."""
    from soc.cli.call.output import note

    note(before + message)
    sys.exit(code)
