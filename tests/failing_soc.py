"""`soc` as the work of `tests.failing_sync`: a command line in a child that has nothing left to import."""

from __future__ import annotations

import importlib
import sys

from soc.cli.main import COMMANDS
from soc.cli.main import main as command
from soc.content import load_content
from tests.kill_nursery import MODULES

for name in [*MODULES.split(), *(module for module, _ in COMMANDS.values())]:
    importlib.import_module(name)
load_content(()).load("parsers", "catalogue", "rules")


def main(*words: str) -> int:
    """The exit code."""
    sys.argv = ["soc", *words]
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
