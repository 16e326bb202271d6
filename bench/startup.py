"""What a command costs before it does anything, beside sigma-cli and the bare interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.measure import cost, in_turns, program
from bench.report import Figure

TURNS = 9


def figures(work: Path, size: float) -> list[Figure]:
    home = str(work / "startup")
    cost([program("soc"), "--home", home, "init"])
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "sigma": [program("sigma"), "--help"],
        "help": [program("soc"), "--help"],
        "cases": [program("soc"), "--home", home, "case", "list"],
    }
    cost(commands["sigma"]), cost(commands["cases"])  # byte code is compiled once
    found = in_turns(TURNS, {name: lambda command=command: cost(command).cpu for name, command in commands.items()})  # type: ignore[misc]
    sigma, python = f"sigma --help: {found['sigma']:.3f} s", f"python -c pass: {found['python']:.3f} s"
    return [
        Figure("soc --help", found["help"] / found["sigma"], "x", 0.4, f"{found['help']:.3f} s; {sigma}"),
        Figure("soc --help", found["help"] / found["python"], "x", 12, python),
        Figure("soc case list", found["cases"] / found["sigma"], "x", 1, f"{found['cases']:.3f} s; {sigma}"),
    ]
