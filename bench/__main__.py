"""`python -m bench [SECTION…]`: prints a table; leaves with 1 when a bound is missed."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from bench.measure import REFERENCE, BenchError, loop
from bench.report import Figure, table

SECTIONS = ("startup", "parse", "ingest", "run", "match", "attack", "hunts")
APART = ("elasticsearch",)  # only when asked for


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description="Speed as ratios; how to read it: bench/README.md")
    arguments.add_argument("sections", nargs="*", help=f"some of: {', '.join(SECTIONS + APART)}; without any, all but {', '.join(APART)}")
    arguments.add_argument("--size", type=float, default=1.0, help="shrinks the inputs: 0.1 for a quick look, whose verdicts mean little")
    asked = arguments.parse_args()
    unknown = [name for name in asked.sections if name not in SECTIONS + APART]
    if unknown:
        arguments.error(f"no section {', '.join(unknown)}; there are: {', '.join(SECTIONS + APART)}")
    missed = [section for section in asked.sections or SECTIONS if not _section(section, asked.size)]
    print(f"\nmissed in: {', '.join(missed)}" if missed else "\nall bounds hold")
    return 1 if missed else 0


def _section(name: str, size: float) -> bool:
    """Prints the section's table; whether all its bounds hold."""
    module = importlib.import_module(f"bench.{name}")
    before = loop()
    with tempfile.TemporaryDirectory(prefix="soc-bench-") as work:
        try:
            figures: list[Figure] = module.figures(Path(work), size)
        except BenchError as error:
            print(f"\n{name}: not measured\n  {error}")
            return False
    after = loop()
    print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}\ncalibration loop before and after: {before:.3f} s, {after:.3f} s of CPU")
    print(table([figure.at(REFERENCE / (before + after) * 2) for figure in figures]), flush=True)
    return all(figure.holds for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
