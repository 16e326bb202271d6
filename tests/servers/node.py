"""One Elasticsearch node on the loopback interface: configuration, process, readiness.

node = Node(folder, {"discovery.type": "single-node"}); node.start(); node.wait(); node.url
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import yaml
from elasticsearch import Elasticsearch

from tests.servers import security
from tests.servers.distribution import elasticsearch_home, java_home
from tests.servers.machine import HOST, free_port, hand_over, wait_for
from tests.servers.process import Process
from tests.servers.security import Security

UNWANTED = ("jdk.incubator.vector", "-Xlog:gc")  # a module that our Java lacks; a log that nobody reads

BRIEF = "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"  # ready with half of the CPU; code that runs long would be compiled better without
LASTING = "-Xms512m -Xmx512m"


class Node:
    """A node in an empty folder of the servers' user. Its ports stay the same however often it is started."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, secured: Security | None = None, java: str = BRIEF) -> None:
        self._folder, self._config, self._secured, self._java = folder, folder / "config", secured, java
        self._http, self.transport = free_port(), free_port()
        self.settings = dict(settings)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._secured else 'http'}://{HOST}:{self._http}"

    @property
    def ca(self) -> Path:
        """The authority that signed the certificate of a secured node."""
        return self._config / security.CA

    def client(self, **options: Any) -> Elasticsearch:
        """One that may do everything, unless the options say otherwise; close it."""
        trusted = {"ca_certs": self.ca, "basic_auth": ("elastic", self._secured.password)} if self._secured else {}
        return Elasticsearch(self.url, **(trusted | options))

    def start(self) -> None:
        """Does not wait for readiness; the data are those that it was stopped or killed with."""
        if not self._config.exists():
            self._configure()
        self._process = Process([elasticsearch_home() / "bin" / "elasticsearch"], self._folder, self._env())

    def wait(self, *, nodes: int = 1) -> None:
        """Until it answers and sees so many nodes. Raises RuntimeError with its last words when it ends instead."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy leads to this machine
            if self._secured:
                session.auth, session.verify = ("elastic", self._secured.password), str(self.ca)
            wait_for(lambda: self._sees(session) == nodes, f"{self.url} to see {nodes} nodes", seconds=300)

    def kill(self) -> None:
        """As if the power had failed."""
        if self._process is not None:
            self._process.stop()

    def pause(self) -> None:
        self._running.send(signal.SIGSTOP)

    def resume(self) -> None:
        self._running.send(signal.SIGCONT)

    def resident(self) -> int:
        """Bytes of memory, launcher included."""
        return self._running.resident()

    @property
    def runs(self) -> bool:
        """Started, and neither killed nor ended; a paused one runs."""
        return self._process is not None and self._process.lives()

    @property
    def _running(self) -> Process:
        assert self._process is not None, "start it first"
        return self._process

    def _sees(self, session: requests.Session) -> int:
        """How many nodes are in its cluster; 0 while it does not say."""
        self._running.must_live()
        try:
            answer = session.get(f"{self.url}/_cluster/health", timeout=5)
        except requests.RequestException:
            return 0
        return int(answer.json()["number_of_nodes"]) if answer.ok else 0

    def _env(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "ES_JAVA_HOME": str(java_home()),
            "ES_PATH_CONF": str(self._config),
            "ES_TMPDIR": str(self._folder / "tmp"),
            "ES_JAVA_OPTS": self._java,
        }

    def _configure(self) -> None:
        shutil.copytree(elasticsearch_home() / "config", self._config)
        (self._folder / "tmp").mkdir()
        options = self._config / "jvm.options"
        lines = options.read_text("utf-8").splitlines()
        options.write_text("\n".join(f"# {line}" if any(word in line for word in UNWANTED) else line for line in lines), "utf-8")
        (self._config / "elasticsearch.yml").write_text(yaml.safe_dump(self._everything()), "utf-8")
        hand_over(self._folder)
        if self._secured:
            self._secured.write(self._config, self._env())
            hand_over(self._folder)

    def _everything(self) -> dict[str, Any]:
        return (
            {
                "http.host": HOST,
                "http.port": self._http,
                "transport.host": HOST,
                "transport.port": self.transport,
                "path.data": str(self._folder / "data"),
                "path.logs": str(self._folder / "logs"),
                "path.repo": str(self._folder / "snapshots"),
                "cluster.routing.allocation.disk.threshold_enabled": False,  # a full laptop is no reason to refuse a test's index
                "xpack.security.enabled": False,
            }
            | (security.SETTINGS if self._secured else {})
            | self.settings
        )
