"""OpenSSH's server: who tried to log in, from where, and how it ended.

    Oct 11 22:14:15 gw1 sshd[4721]: Failed password for invalid user admin from 203.0.113.7 port 52144 ssh2
    Oct 11 22:14:19 gw1 sshd[4730]: Accepted publickey for alice from 192.0.2.44 port 40022 ssh2: ED25519 SHA256:…
    Oct 11 22:14:20 gw1 sshd-session[4721]: Connection closed by authenticating user root 203.0.113.7 port 52144 [preauth]

auth.c, packet.c, session.c, sshd.c and sshd-session.c of OpenSSH 3 to 9.9. A user name comes from the client and may hold anything;
what stands behind it is sshd's own. So names are read up to the last place where sshd can have ended them, but those of existing
accounts up to the first, since a client's certificate may follow. "Invalid user" is `invalid_user`: sshd counts the same attempt
again as a failed `login`. PAM's own lines in sshd: `_pam`; the other families: `_openssh`; how sshd escapes: `_vis`.
"""

from __future__ import annotations

import re

from soc.event import Event
from soc.parsing import ANY, Dataset, Parser, Record
from soc.parsing.values import ip, port

from ._openssh import ACTIONS, CREDENTIALS, FAMILIES, FIELDS, reader
from ._pam import ACTIONS as PAM_ACTIONS
from ._pam import FIELDS as PAM_FIELDS
from ._pam import LONGEST, SUPPLIED, by_tag, pam
from ._vis import unescaped

_LOGIN = re.compile(
    r"""
    (Failed|Accepted|Postponed|Partial)\ ([^ ]+)\ for\     # Failed password for
    (?:invalid\ user\ (.*)|([^ ]*))              # invalid user admin      <- greedy: only the last "from" is sshd's own
    \ from\ ([^ ]+)\ port\ ([0-9]+)(?:\ ssh2)?   # from 203.0.113.7 port 52144 ssh2
    (?::\ (.*))?                                 # : ED25519 SHA256:…      <- key, or certificate with an id of the client's making
    """,
    re.VERBOSE,
).fullmatch
_SPACED = re.compile(
    r"""
    ([^ ]+)\ ++([^ ]+)\ ++for\ ++              # Accepted  password for    <- more than one space: some relay's
    (?:i(?:nvalid|llegal)\ user\ (.*)|(.*?))   # illegal user admin        <- of OpenSSH 3; greedy, as above
    \ from\ ++([^ ]+)\ ++port\ ++([0-9]+)      # from 203.0.113.7 port 52144
    (?:\ ++ssh[12])?(?::\ (.*))?
    """,
    re.VERBOSE,
).fullmatch
_KEY = re.compile(r"([A-Z0-9-]+) ([A-Za-z0-9+/=]+:[A-Za-z0-9+/=:]+)").match
_CERTIFICATE = re.compile(
    r"""
    (?P<key>[A-Z0-9-]+)(?:\ (?P<print>[^ ]*:[^ ]*))?    # ED25519-CERT SHA256:…        <- OpenSSH 6 wrote no fingerprint of it
    \ ID\ (?P<id>.*)\ \(serial\ (?P<serial>[0-9]+)\)    # ID alice (serial 42)         <- the authority's text: may hold anything
    \ CA\ (?P<ca>[^ ]+)\ (?P<ca_print>[^ ]+?)(?:,\ .*)?
    """,
    re.VERBOSE,
).fullmatch
_OUTCOMES = {"Failed": "failure", "Accepted": "success", "Postponed": "unknown", "Partial": "unknown"}
_MOST = ("Failed ", "Accepted ")
_PREAUTH = " [preauth]"
_PLACED = re.compile(r"(?:[^ ]+:[0-9]+|cert): (Authentication .*)").fullmatch  # /home/alice/.ssh/authorized_keys:1: Authentication tried …
_TAG = re.compile(r"sshd(?:-session|-auth)?(?:\[[0-9]{1,10}\])?: ").match


def parse(record: Record) -> Event | None:
    message = record.message
    if len(message) > LONGEST:
        return None
    if message.startswith(_MOST) and (event := _login(message, record.fields)) is not None:
        return event
    event = _meaning(message.strip(" "))  # relays put a second space before the message, or one behind it
    if event is None and not record.program and (tag := _TAG(message)):  # a tag and no header
        event = _meaning(message[tag.end() :].strip(" "))
    return event or by_tag(record)


def _meaning(message: str) -> Event | None:
    preauth = message.endswith(_PREAUTH)
    times = 2 if preauth else 1
    if preauth:
        message = message[: -len(_PREAUTH)]
    word, _, rest = message.partition(" ")
    if word in ("error:", "fatal:"):
        message = rest
        word = rest.partition(" ")[0]
    if word in _OUTCOMES:
        event = _login(message, {}, times) or _family(word, message, times)
    elif word.startswith(("pam_", "PAM")):
        event = pam(message) or _family(word, message, times)
    else:
        event = _family(word, message, times)
    if preauth and event is not None:
        event["openssh.preauth"] = True
    return event


def _login(message: str, event: Event, times: int = 1) -> Event | None:
    """The event, with the fields of a login added; None, and nothing added, when the message tells of none. `times`: escaped so often."""
    if match := _LOGIN(message):
        verdict, method, stranger, user, address, number, tail = match.groups()
    elif match := _SPACED(message):
        verdict, method, stranger, user, address, number, tail = match.groups()
        user = user and user.strip(" ")
    else:
        return None
    event["event.action"] = "login"
    event["event.category"] = ["authentication"]
    event["event.type"] = ["start"]
    event["event.outcome"] = _OUTCOMES[verdict]
    event["openssh.method"] = method
    if stranger is not None:
        event["openssh.invalid_user"], user = True, stranger
    if user:
        if "\\" in user:
            user = unescaped(user, times)
        event["user.name"], event["related.user"] = user, [user]
    if (canonical := ip(address)) is not None and (source_port := port(number)) is not None:
        event["source.ip"], event["related.ip"], event["source.port"] = canonical, [canonical], source_port
    else:
        _source(event, address, number)
    if tail and " ID " in tail and method != "hostbased" and (certificate := _CERTIFICATE(tail)):
        _credentials(_meant(certificate, times), event)
    elif tail and (key := _KEY(tail)):
        event["openssh.key.type"], event["openssh.key.fingerprint"] = key.groups()
    return event


def _family(word: str, message: str, times: int) -> Event | None:
    for pattern, event in FAMILIES.get(word.rstrip(":"), ()):
        read, brief = reader(pattern)
        if match := read(message):
            if brief and "\\" not in message:
                return _peer(event.copy(), *match.groups())
            said = _meant(match, times)
            return _peer(event.copy(), *said.values()) if brief else _said(said, event.copy())
    if word.startswith(("/", "cert:")) and (placed := _PLACED(message)):
        return _family("Authentication", placed[1], times)
    return None


def _meant(match: re.Match[str], times: int) -> dict[str, str | None]:
    return {name: text and unescaped(text, times) for name, text in match.groupdict().items()}


def _credentials(said: dict[str, str | None], event: Event) -> None:
    event.update((CREDENTIALS[name], text) for name, text in said.items() if text and name in CREDENTIALS)


def _said(said: dict[str, str | None], event: Event) -> Event:
    _credentials(said, event)
    user = said.get("user") or ("root" if said.get("root") else None)
    _peer(event, said.get("state") or said.get("invalid"), user, said.get("ip"), said.get("port"), said.get("alone"))
    if (domain := said.get("domain")) and ip(domain) is None:
        event["source.domain"] = domain
    if reason := said.get("reason"):
        event["event.reason"] = reason
    if network := said.get("network"):
        _source(event, network.removesuffix("/128" if ":" in network else "/32"), None)
    if local := said.get("local"):
        _destination(event, local, said.get("local_port"))
    return event


def _destination(event: Event, address: str, number: str | None) -> None:
    if (canonical := ip(address)) is not None:
        event["destination.ip"] = canonical
    else:
        event["destination.address"] = address
    if number and (destination_port := port(number)) is not None:
        event["destination.port"] = destination_port


def _peer(event: Event, state: str | None, user: str | None, address: str | None, number: str | None, alone: str | None = None) -> Event:
    """Who is meant, and from where. `state`: of the login under way, "authenticating " or "invalid "; else whatever says "invalid"."""
    if state in ("authenticating ", "invalid "):
        event["event.category"], event["event.type"], event["event.outcome"] = ["authentication"], ["end"], "failure"
    if state and state != "authenticating ":
        event["openssh.invalid_user"] = True
    if user:
        event["user.name"], event["related.user"] = user, [user]
    if whence := address or alone:
        _source(event, whence, number)
    return event


def _source(event: Event, address: str, number: str | None) -> None:
    if (canonical := ip(address)) is not None:
        event["source.ip"] = canonical
        event["related.ip"] = [canonical]
    else:
        event["source.address"] = address
    if number and (source_port := port(number)) is not None:
        event["source.port"] = source_port


PARSER = Parser(
    name="openssh",
    title="OpenSSH server",
    programs={"sshd", "sshd-session", "sshd-auth"},
    parse=parse,
    fields=[*FIELDS, *PAM_FIELDS],
    supplies=[
        Dataset(
            "openssh.auth",
            logsources=[{"product": "linux", "service": "sshd"}, {"product": "linux", "service": "auth"}],
            fields={
                **SUPPLIED,
                "event.action": {"login", *ACTIONS, *PAM_ACTIONS},
                "event.category": {"authentication", "session", "network", "iam", "process"},
                "event.type": {"start", "end", "info", "change", "user", "connection", "denied"},
                "event.outcome": {"success", "failure", "unknown"},
                "source.domain": ANY,
                "source.port": ANY,
                "destination.address": ANY,
                "destination.ip": ANY,
                "destination.port": ANY,
                **dict.fromkeys((field.name for field in FIELDS), ANY),
            },
        )
    ],
)
