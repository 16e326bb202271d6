"""Soc as it was at a commit of this repository, for figures that are ratios to it: in an environment of its own under `.bench/`.

Like is compared with like: the same interpreter, the same versions of the libraries, installed and compiled as `make` does it.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from bench.kept import KEPT, ROOT
from bench.measure import BenchError

COMMIT = "165d7b3"
HOME = KEPT / f"baseline-{COMMIT}"
PIP = ("-m", "pip", "--disable-pip-version-check", "-q")
OURS = "soc"  # among the distributions of this environment


def program() -> str:
    """Its `soc`; made when there is none, or when what it was made of has changed since.

    Raises BenchError, with the repair, where this checkout's history does not hold the commit or the environment cannot be made.
    """
    soc, made_of, now = HOME / "venv" / "bin" / "soc", HOME / "made-of", _made_of()
    if not made_of.is_file() or made_of.read_text() != now:
        tree = _history()
        shutil.rmtree(HOME, ignore_errors=True)
        _unpack(tree, HOME / "tree")
        _install(HOME / "venv", HOME / "tree", now)
        made_of.write_text(now)  # last: what is half made is made anew
    return str(soc)


def _made_of() -> str:
    """The libraries of this environment as pip takes them for constraints, after a comment that names the interpreter."""
    libraries = _run([sys.executable, *PIP, "freeze", "--all", "--exclude-editable", "--exclude", OURS], "pip freeze").decode()
    return f"# {sys.base_prefix} {sys.version}".replace("\n", " ") + f"\n{libraries}"


def _history() -> bytes:
    """The commit's tree as a tar archive. Permissions are stated: content that a group may write to is refused."""
    git = shutil.which("git")
    if not git:
        raise BenchError(f"the baseline, commit {COMMIT}, cannot be had: there is no git\n  install git")
    repair = "measure in a checkout that holds it; a shallow one gets it by: git fetch --unshallow"
    return _run([git, "-C", str(ROOT), "-c", "tar.umask=0022", "archive", COMMIT], f"the baseline, commit {COMMIT}, cannot be had", repair)


def _unpack(tree: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # new in Python 3.11.4
        archive.extractall(folder)


def _install(environment: Path, tree: Path, libraries: str) -> None:
    what, repair = f"the baseline, commit {COMMIT}, cannot be installed", "it needs a package index once; run it again"
    constraints = HOME / "constraints"
    constraints.write_text(libraries)
    python = str(environment / "bin" / "python")
    _run([sys.executable, "-m", "venv", str(environment)], what)
    _run([python, *PIP, "install", "-c", str(constraints), "-e", str(tree)], what, repair)
    _run([python, "-m", "compileall", "-q", str(tree / "soc"), str(tree / "parsers")], what)


def _run(command: Sequence[str], what: str, repair: str = "") -> bytes:
    """What it prints. Raises BenchError with the end of its stderr and the repair."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr[-600:].decode(errors="replace").strip()
        raise BenchError(f"{what}: {said}" + (f"\n  {repair}" if repair else ""))
    return done.stdout
