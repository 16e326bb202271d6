"""The wheel carries the content and works where no checkout is.

The environment it is installed into is new but not empty: a .pth file lets it see the dependencies of the environment
that runs the tests, so that nothing is fetched. That file is a plain path, so .pth files beside the dependencies, which
the editable install is made of, are not read there; what the new environment holds itself comes first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from soc.content import FOLDERS

ROOT = Path(__file__).parents[1]
LINE = "Oct 11 22:14:15 gw1 sshd[4721]: Failed password for root from 203.0.113.7 port 52144 ssh2\n"


def run(*command: str | Path, at: Path) -> str:
    """What the command says on stdout; it has to exit 0. Nothing of this process's environment points it to the checkout."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(at), "SOC_HOME": str(at / "state"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=at, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out], cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder elsewhere with the wheel installed in its `env`."""
    place = tmp_path_factory.mktemp("elsewhere")
    venv.create(place / "env", symlinks=True)
    python = str(place / "env" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", "--no-cache-dir"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True, capture_output=True)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", at=place).strip())
    theirs = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (own / "dependencies.pth").write_text("\n".join(theirs) + "\n")
    return place


def soc(place: Path, *arguments: str | Path) -> str:
    return run(place / "env" / "bin" / "soc", *arguments, at=place)


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


# --- what is in it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_wheel_holds_every_file_of_a_content_folder(names: list[str], folder: str):
    inside = f"soc/shipped/{folder}/"

    assert {name.removeprefix(inside) for name in names if name.startswith(inside)} == files_under(ROOT / folder) != set()


def test_the_wheel_holds_the_package_and_nothing_else(names: list[str]):
    others = [name for name in names if not name.startswith(("soc/shipped/", "soc-"))]

    assert set(others) == {f"{package}/{name}" for package in ("soc", "sigma") for name in files_under(ROOT / package)}


def test_the_wheel_leaves_the_packages_that_it_shares_with_pysigma_without_a_module_of_their_own(names: list[str]):
    assert {name for name in names if name.startswith("sigma/")} == {"sigma/backends/soc/__init__.py", "sigma/pipelines/soc/__init__.py"}


# --- and that it works elsewhere -------------------------------------------------------------------------------------


def test_the_installed_soc_is_the_wheels(place: Path):
    found = Path(run(place / "env" / "bin" / "python", "-c", "import soc; print(soc.__file__)", at=place).strip())
    searched = run(place / "env" / "bin" / "python", "-c", "import sys; print(*sys.path, sep='\\n')", at=place).splitlines()

    assert found.is_relative_to(place / "env")
    assert str(ROOT) not in searched
    assert soc(place, "--version").startswith("soc, version ")


def test_the_content_that_came_in_the_wheel_passes_its_checks(place: Path):
    soc(place, "check")


def test_the_wheel_tries_a_log(place: Path):
    log = place / "auth.log"
    log.write_text(LINE)

    tried = json.loads(soc(place, "try", "--output", "json", log))

    assert (tried["events"], tried["unrecognised"], tried["failed"]) == (1, 0, 0)


def test_the_wheel_runs_the_demo(place: Path):
    soc(place, "demo", "--home", place / "demo")

    cases = [json.loads(line) for line in soc(place, "--home", place / "demo", "case", "list", "--output", "json").splitlines()]

    assert any(case["status"] != "closed" for case in cases)


def test_sigma_cli_finds_the_backends_and_the_pipeline_that_came_in_the_wheel(place: Path):
    sigma = (place / "env" / "bin" / "python", "-c", "from sigma.cli.main import main; main()", "list")

    targets, pipelines = run(*sigma, "targets", at=place), run(*sigma, "pipelines", at=place)

    assert {"soc_sql", "soc_tree"} <= set(targets.split())
    assert "soc_ecs" in pipelines.split()
