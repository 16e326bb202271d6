"""How a cluster is reached, and as whom: its URLs, one secret, and the authorities whose certificates are believed.

Secrets come from the environment or a file, never from the URL, and stand in no message. None goes over the network in the clear.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from elastic_transport import NodeConfig

from soc.errors import StoreError
from soc.hosts import is_here

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks: a user with a password, or an API key (`id:key` or its base64). `ca`: file of the one authority to trust.

    Without `ca` the system's authorities are trusted. Raises StoreError for half of a pair, two of them, and what no header takes.
    """

    user: str = ""
    password: str = ""
    api_key: str = ""
    ca: str = ""

    def __post_init__(self) -> None:
        if self.api_key and (self.user or self.password):
            _wrong("both a user and an API key are named", "leave one out: SOC_STORE_USER and SOC_STORE_PASSWORD, or SOC_STORE_API_KEY")
        if bool(self.user) != bool(self.password):
            lacks = "password" if self.user else "user"
            _wrong(f"no {lacks} is named", f"set SOC_STORE_{lacks.upper()}, or {'password_file' if self.user else 'user'} under [store]")
        if not all(letter.isprintable() for secret in (self.user, self.password, self.api_key) for letter in secret):
            _wrong("user, password or API key hold control characters", "write the secret alone, as one line, into its file or variable")
        if not self.api_key.isascii():
            _wrong("the API key is none", "write `id:key`, or the `encoded` value that Elasticsearch gave out")

    def __repr__(self) -> str:
        return "Access(…)"

    @property
    def is_secret(self) -> bool:
        return bool(self.password or self.api_key)

    def secrets(self) -> tuple[str, ...]:
        """What must stand in no message, in each way that it is written."""
        key = self.api_key.rpartition(":")[2]
        held = [one for one in (self.password, self.api_key, key) if one]
        pairs = [f"{self.user}:{self.password}"] if self.password else [self.api_key] if self.api_key else []
        return (*held, *(b64encode(pair.encode()).decode() for pair in pairs))

    def headers(self) -> dict[str, Any]:
        """The client's options that say who asks."""
        if self.api_key:
            id, parted, key = self.api_key.partition(":")
            return {"api_key": (id, key) if parted else self.api_key}
        return {"basic_auth": (self.user, self.password)} if self.user else {}


NOBODY = Access()


def places(url: str) -> list[str]:
    """The URLs of a cluster's nodes, which commas part. Raises StoreError; what was written is not repeated: it may hold a secret."""
    return [_checked(one.strip()) for one in url.split(",")]


def nodes(urls: Sequence[str], access: Access) -> list[NodeConfig]:
    """The nodes as the client wants them. Raises StoreError: an unusable CA file, a secret that would go in the clear."""
    secure = _trust(access.ca) if any(url.startswith("https") for url in urls) else {}
    return [_node(urlsplit(url), access, secure) for url in urls]


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        named = parts.scheme in _PORTS and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        named = False
    if not named or "@" in parts.netloc or parts.query or parts.fragment:
        _wrong("the store's URL is none of a cluster", "write https://host:port, without user or password: docs/elasticsearch.md")
    return url


def _node(parts: SplitResult, access: Access, secure: dict[str, Any]) -> NodeConfig:
    host = parts.hostname or ""
    if parts.scheme == "http" and access.is_secret and not is_here(host):
        _wrong(
            f"{host}: a password or API key would go over the network in the clear", "turn TLS on there, and write https:// under [store]"
        )
    own = secure if parts.scheme == "https" else {}
    return NodeConfig(parts.scheme, host, parts.port or _PORTS[parts.scheme], parts.path.rstrip("/"), **own)


class _Trust(ssl.SSLContext):
    """Believes whom it was told to when it was made; the client, which adds authorities of its own to any context, adds none to this."""

    def load_verify_locations(self, *named: object, **more: object) -> None:
        """Nobody else is believed."""


def _trust(ca: str) -> dict[str, Any]:
    context = _Trust(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and host
    try:
        if ca:
            ssl.SSLContext.load_verify_locations(context, ca)
        else:
            context.load_default_certs()
    except ssl.SSLError as error:
        raise StoreError(f"{ca}: holds no certificate\n  name the authority's file, as PEM: ca under [store]") from error
    except OSError as error:
        raise StoreError(f"{ca}: {error.strerror}\n  name the authority's file, as PEM: ca under [store]") from error
    return {"ssl_context": context}


def _wrong(what: str, repair: str) -> NoReturn:
    raise StoreError(f"{what}\n  {repair}")
