"""A node's security: TLS on HTTP with an authority of its own, and a file realm of users and roles."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
import yaml

from tests.servers.distribution import elasticsearch_home
from tests.servers.machine import HOST, as_servant

CA, CERTIFICATE, KEY = "ca.pem", "http.pem", "http.key"
SETTINGS = {
    "xpack.security.enabled": True,
    "xpack.security.http.ssl.enabled": True,
    "xpack.security.http.ssl.certificate": CERTIFICATE,
    "xpack.security.http.ssl.key": KEY,
}


@dataclass(frozen=True, slots=True)
class User:
    password: str
    role: str


@dataclass(frozen=True, slots=True)
class Security:
    """Who may do what. `password` is that of `elastic`, who may do everything; `roles` are written as in roles.yml."""

    password: str
    roles: Mapping[str, Any] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)

    def write(self, config: Path, env: Mapping[str, str]) -> None:
        """Certificate, roles, users and keystore, into a node's folder of configuration."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(config / CA))
        server = authority.issue_cert(HOST, "localhost")
        server.cert_chain_pems[0].write_to_path(str(config / CERTIFICATE))
        server.private_key_pem.write_to_path(str(config / KEY))
        (config / "roles.yml").write_text(yaml.safe_dump(dict(self.roles)), "utf-8")
        _tool(env, "keystore", "add", "--force", "--stdin", "bootstrap.password", typed=self.password)
        for name, user in self.users.items():
            _tool(env, "users", "useradd", name, "-p", user.password, "-r", user.role)


def _tool(env: Mapping[str, str], name: str, *arguments: str, typed: str = "") -> None:
    """One of the server's own tools, as the user who runs the server."""
    command = [elasticsearch_home() / "bin" / f"elasticsearch-{name}", *arguments]
    subprocess.run(command, env=env, input=typed, text=True, check=True, capture_output=True, timeout=120, **as_servant())
