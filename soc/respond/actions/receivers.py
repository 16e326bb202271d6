"""Which receivers are refused before anything is sent: no password of ours crosses a network in the clear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from soc.hosts import is_here


def mail_fault(mail: Mapping[str, Any]) -> str:
    """What is wrong with how `[mail]` of `soc.toml` hands over its password; empty when nothing is."""
    if not mail.get("user"):
        return ""
    if not mail.get("password_file"):
        return "mail has a user and no password_file\n  write both under [mail] in soc.toml, or neither"
    if not mail.get("tls") and not is_here(str(mail.get("host", "localhost"))):
        return (
            f'mail server {mail["host"]}: the password of {mail["user"]} would go over the network in the clear\n  write tls = "starttls" '
            'or tls = "tls" under [mail] in soc.toml, or take user out'
        )
    return ""


def url_fault(url: str) -> str:
    """What is wrong with a web address that is posted to; empty when nothing is. A password in it is not repeated."""
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, "@" in parts.netloc
    except ValueError:
        host, secret = None, "@" in url
    if not host or parts.scheme not in ("http", "https"):
        return f"{'what was written' if secret else repr(url)} is no web address\n  write https://host/path"
    if secret and parts.scheme == "http" and not is_here(host):
        return f"a password would go to {host} over the network in the clear\n  write https://"
    return ""
