"""The action `run`: a program with a list of arguments. No shell reads them."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from tempfile import TemporaryFile

from soc.respond.actions.action import Action, Argument, Done, Order, StepFailed, World
from soc.text import decode_line, printable
from soc.times import SECOND

MOST = 4000  # bytes of output that are kept


def run_program(_world: World, order: Order) -> Done:
    """Runs it to its end. Raises StepFailed for an exit code other than 0, and when it had to be ended.

    It gets the key as SOC_KEY, the case as SOC_CASE, nothing on standard input, and no other variables but PATH and LANG.
    """
    command = [str(word) for word in order.arguments["command"]]
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "SOC_KEY": order.key, "SOC_CASE": order.case}
    with TemporaryFile() as output:
        try:
            program = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd="/", start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise StepFailed(f"{command[0]}: cannot be started: {error}", final=True) from error
        try:
            code = program.wait(order.timeout / SECOND)
        except subprocess.TimeoutExpired as error:
            _end(program)
            raise StepFailed(f"{command[0]}: did not end within {order.timeout / SECOND:g} seconds", unsure=True) from error
        output.seek(0)
        text = "\n".join(printable(line) for line in decode_line(output.read(MOST)).split("\n")).strip()
    if code != 0:
        raise StepFailed(f"{command[0]}: exit code {code}: {text.splitlines()[-1] if text else 'no output'}")
    return Done({"output": text})


def _end(program: subprocess.Popen[bytes]) -> None:
    """Ends the program with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


RUN = Action(
    "run",
    "Runs a program with a list of arguments; the step says `repeat: keyed` or `safe` when it may run again.",
    "never",
    {"command": Argument("command", needed=True)},
    {"output": "text"},
    outside=run_program,
    from_log=frozenset(("output",)),
)
