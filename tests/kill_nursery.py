"""Runs soc in child processes that have nothing left to import. Orders on stdin, a line each; answers: the child's number, its exit code.

A child is a process of its own: it opens store and desk itself, and whoever knows its number can kill it. Nothing here
starts a thread or opens a file before it forks.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import signal
import sys
import traceback

from soc.cli.main import COMMANDS, main
from soc.content import load_content

MODULES = (
    "soc.cli.call.pipeline soc.desk.desk soc.detect.runs.run soc.detect.ruleset.load soc.detect.hits.scan"
    " soc.ingest.intake soc.ingest.pump soc.match.matcher soc.respond.runs.run soc.respond.triaging.triage"
    " soc.store.segments soc.respond.actions.notify requests duckdb sqlalchemy.dialects.sqlite"
)


def child(said: str, trace: str, arguments: list[str]) -> None:
    """One run of soc. Upon SIGUSR2 it writes down where it is."""
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    faulthandler.register(signal.SIGUSR2, file=os.open(trace, os.O_WRONLY | os.O_APPEND), all_threads=False)
    sys.argv = ["soc", *arguments]
    code: object = 1
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - said, and the end of this process
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)  # what the interpreter tears down is no work of soc's


def serve() -> None:
    """Until stdin ends."""
    for name in [*MODULES.split(), *(module for module, _ in COMMANDS.values())]:
        importlib.import_module(name)
    load_content(()).load("parsers", "catalogue", "rules")
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(**order)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
