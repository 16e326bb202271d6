"""What sshd logs besides logins, by first word, " [preauth]" and the level ("error:", "fatal:") taken off.

Groups: `user`, `root`, `state` (the login that was under way), `invalid`, `ip` or `alone`, `port`, `network`, `domain`, `local`,
`local_port`, `reason`, and those of `CREDENTIALS`.
packet.c writes a peer as "[[authenticating|invalid] user NAME ]ADDRESS port PORT"; up to OpenSSH 7.1
it wrote the address alone. A name in front of a port is read to the last place where it can end: it may hold an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from soc.event import Event
from soc.parsing import Field

FIELDS = (
    Field("openssh.method", "keyword", meaning="password, publickey, keyboard-interactive/pam, none …"),
    Field("openssh.invalid_user", "bool", meaning="true: the account does not exist here or may not log in"),
    Field("openssh.preauth", "bool", meaning="true: written by the part of sshd that serves clients before they are authenticated"),
    Field("openssh.key.type", "keyword", meaning="type of the key, with -CERT for certificates"),
    Field("openssh.key.fingerprint", "keyword", meaning="fingerprint of the key"),
    Field("openssh.certificate.id", "keyword", meaning="id that the certification authority gave the certificate"),
    Field("openssh.certificate.serial", "keyword", meaning="serial number of the certificate"),
    Field("openssh.certificate.ca.type", "keyword", meaning="type of the authority's key"),
    Field("openssh.certificate.ca.fingerprint", "keyword", meaning="fingerprint of the authority's key"),
)
CREDENTIALS = {  # group -> field
    "key": "openssh.key.type",
    "print": "openssh.key.fingerprint",
    "id": "openssh.certificate.id",
    "serial": "openssh.certificate.serial",
    "ca": "openssh.certificate.ca.type",
    "ca_0": "openssh.certificate.ca.type",  # of an authorized_keys file
    "ca_print": "openssh.certificate.ca.fingerprint",
}
_PEER = r"(?:(?:(?P<state>authenticating |invalid )?user (?P<user>.*) )?(?P<ip>[^ ]+) port (?P<port>[0-9]+)|(?P<alone>[^ ]+))"
_FROM = r"from (?P<ip>[^ ]+) port (?P<port>[0-9]+)"

# pattern, event.action, event.category, event.type, event.outcome
_TABLE: list[tuple[str, str, str, str, str]] = [
    (
        r"Invalid (?P<invalid>user) (?P<user>.*) from (?P<ip>[^ ]+)(?: port (?P<port>[0-9]+))?",
        *("invalid_user", "authentication", "info", "failure"),
    ),
    (r"Invalid (?P<invalid>user) (?P<user>.*)", "invalid_user", "authentication", "info", "failure"),
    (r"Illegal (?P<invalid>user) (?P<user>.*) from (?P<ip>[^ ]+)", "invalid_user", "authentication", "info", "failure"),
    (r"input_userauth_request: invalid (?P<invalid>user) (?P<user>.*)", "invalid_user", "authentication", "info", "failure"),
    (rf"Connection closed by {_PEER}", "connection_closed", "network", "connection end", ""),
    (rf"Connection reset by {_PEER}", "connection_reset", "network", "connection end", ""),
    (rf"Connection (?:from|to) {_PEER} (?P<reason>timed out)", "connection_timed_out", "network", "connection end", ""),
    (
        rf"Connection {_FROM}(?: on (?P<local>[^ ]+) port (?P<local_port>[0-9]+)(?: rdomain .*)?)?",
        *("connection_opened", "network", "connection start", ""),
    ),
    (rf"ssh_dispatch_run_fatal: Connection (?:from|to) {_PEER}: (?P<reason>.*)", "connection_failed", "network", "connection end", ""),
    (rf"Connection (?:from|to) {_PEER}: (?P<reason>.*)", "connection_failed", "network", "connection end", ""),
    (rf"Disconnected from {_PEER}", "disconnected", "network", "connection end", ""),
    (
        r"Received disconnect from (?P<ip>[^ ]+?)(?: port (?P<port>[0-9]+))?: ?[0-9]+: ?(?P<reason>.*)",
        *("disconnect_received", "network", "connection end", ""),
    ),
    (rf"Disconnecting {_PEER}: (?P<reason>Too many authentication failures)", "disconnecting", "network", "connection end", ""),
    (
        rf"Disconnecting: (?P<reason>Too many authentication failures) for (?P<invalid>invalid user )?(?P<user>.*) {_FROM} ssh[12]",
        *("disconnecting", "authentication", "end", "failure"),
    ),
    (
        r"Disconnecting: (?P<reason>Too many authentication failures) for (?P<invalid>invalid user )?(?P<user>.*)",
        *("disconnecting", "authentication", "end", "failure"),
    ),
    (rf"Disconnecting(?: {_PEER})?: (?P<reason>.*)", "disconnecting", "network", "connection end", ""),
    (
        rf"maximum authentication attempts exceeded for (?P<invalid>invalid user )?(?P<user>.*) {_FROM}(?: ssh[12])?",
        *("too_many_attempts", "authentication", "end", "failure"),
    ),
    (
        r"PAM: (?P<reason>.*?) for (?P<invalid>illegal user )?(?P<user>.*) from (?P<ip>[^ ]+)(?: via (?P<local>[^ ]+))?",  # macOS
        *("authentication", "authentication", "start", "failure"),
    ),
    (
        r"User (?P<user>.*) from (?P<ip>[^ ]+) not allowed because (?P<reason>.*)",
        *("user_not_allowed", "authentication", "info", "failure"),
    ),
    (r"User (?P<user>.*) not allowed because (?P<reason>.*)", "user_not_allowed", "authentication", "info", "failure"),
    (r"Access denied for user (?P<user>.*) by (?P<reason>PAM account configuration)", "access_denied", "authentication", "info", "failure"),
    (
        r"Authentication tried for (?P<user>.*) with correct key but (?P<reason>not from a permitted host)"
        r" \(host=(?P<domain>[^ ,]*), ip=(?P<ip>[^ ,)]+)(?:, required=.*)?\)\.?",
        *("user_not_allowed", "authentication", "info", "failure"),
    ),
    (
        r"Authentication tried for (?P<user>.*) with valid certificate but"
        r" (?P<reason>not from a permitted source address) \((?P<ip>[^ ()]+)\)\.",
        *("user_not_allowed", "authentication", "info", "failure"),
    ),
    (
        r"Accepted key (?P<key>[^ ]+) (?P<print>[^ ]+) found at (?:.*)",
        *("key_accepted", "authentication", "info", ""),
    ),
    (
        r'Accepted certificate ID "(?P<id>.*)"(?: \(serial (?P<serial>[0-9]+)\))? signed by (?:CA (?P<ca_0>[^ ]+)|(?P<ca>[^ ]+) CA)'
        r" (?P<ca_print>[^ ]+) (?:via|found at|from) (?:.*)",
        *("certificate_accepted", "authentication", "info", ""),
    ),
    (r"Certificate invalid: (?P<reason>.*)", "certificate_refused", "authentication", "info", "failure"),
    (r"Certificate (?P<reason>does not contain an authorized principal)", "certificate_refused", "authentication", "info", "failure"),
    (r"Refused by (?P<reason>certificate (?:principals )?options)", "certificate_refused", "authentication", "info", "failure"),
    (
        r"Authentication key (?P<key>[^ ]+) (?P<print>[^ ]+) (?P<reason>revoked by file .*)",
        *("key_revoked", "authentication", "info", "failure"),
    ),
    (
        r"ROOT (?P<root>LOGIN) REFUSED FROM (?P<ip>[^ ]+)(?: port (?P<port>[0-9]+))?",
        *("user_not_allowed", "authentication", "info", "failure"),
    ),
    (r"Authentication refused: (?P<reason>.*)", "key_file_refused", "authentication", "info", "failure"),
    (
        r"Timeout before authentication for (?:connection from )?(?P<ip>[^ ]+?)(?: port (?P<port>[0-9]+)| to (?P<local>[^ ]+?),.*)?",
        *("connection_timed_out", "network", "connection end", ""),
    ),
    (rf"Did not receive identification string(?: {_FROM}| from (?P<alone>[^ ]+))?", "no_identification", "network", "connection info", ""),
    (
        rf"Bad protocol version identification '(?P<reason>.*)'(?: {_FROM}| from (?P<alone>[^ ]+))?",
        *("bad_protocol", "network", "connection info", ""),
    ),
    (r"Bad packet length (?P<reason>[0-9]+)\.?", "bad_protocol", "network", "connection info", ""),
    (rf"banner exchange: Connection {_FROM}: (?P<reason>.*)", "bad_protocol", "network", "connection info", ""),
    (r"kex_exchange_identification: (?P<reason>.*)", "bad_protocol", "network", "connection info", ""),
    (
        r"Unable to negotiate with (?P<ip>[^ ]+)(?: port (?P<port>[0-9]+))?: (?P<reason>.*)",
        *("negotiation_failed", "network", "connection info", ""),
    ),
    (
        r"Protocol major versions differ for (?P<ip>[^ ]+)(?: port (?P<port>[0-9]+))?: (?P<reason>.*)",
        *("negotiation_failed", "network", "connection info", ""),
    ),
    (r"Protocol major versions differ: (?P<reason>.*)", "negotiation_failed", "network", "connection info", ""),
    (
        r"connect_to (?P<local>[^ ]+) port (?P<local_port>[0-9]+): (?P<reason>failed)\.?",
        *("forwarding_failed", "network", "connection info", "failure"),
    ),
    (
        r"connect_to (?P<local>[^ ]+): (?P<reason>unknown host \(.*\))",
        *("forwarding_failed", "network", "connection info", "failure"),
    ),
    (
        r"srclimit_penalise: (?:ipv[46]: new )?(?P<network>[0-9A-Fa-f:.]+/[0-9]+):? (?:active|deferred|activating ipv[46]) penalty"
        r" of [0-9]+ seconds for (?:penalty: )?(?P<reason>.*)",
        *("penalty_given", "network", "connection info", ""),
    ),
    (
        r"refused connect from (?:.*@)?(?:(?P<domain>[^@]*) \((?P<ip>[^ ()]+)\)|(?P<alone>[^ @]+))",  # carol@host (address): by identd
        *("connection_refused", "network", "connection denied", ""),
    ),
    (
        r"drop connection #[0-9]+ from \[(?P<ip>[^\]]+)\]:(?P<port>[0-9]+) on \[(?P<local>[^\]]+)\]:(?P<local_port>[0-9]+) (?P<reason>.*)",
        *("connection_refused", "network", "connection denied", ""),
    ),
    (
        r"reverse mapping checking getaddrinfo for (?P<domain>[^ ]+) \[(?P<ip>[^\]]+)\] failed.*",
        *("reverse_mapping_failed", "network", "connection info", ""),
    ),
    (
        r"Address (?P<ip>[^ ]+) maps to (?P<domain>[^ ]+), but this does not map back to the address.*",
        *("reverse_mapping_failed", "network", "connection info", ""),
    ),
    (rf"Starting session: (?P<reason>.*) for (?P<user>.*) {_FROM}(?: id [0-9]+)?", "session_started", "session", "start", ""),
    (rf"Close session: user (?P<user>.*) {_FROM}(?: id [0-9]+)?", "session_ended", "session", "end", ""),
    (r"subsystem request for (?P<reason>[^ ]+)(?: by user (?P<user>.*)| failed.*)?", "subsystem_requested", "session", "info", ""),
    (r"Server listening on (?P<local>[^ ]+) port (?P<local_port>[0-9]+)\.?", "server_started", "process", "start", ""),
    (r"Received signal (?P<reason>[0-9]+)(?:;.*)?", "server_signalled", "process", "end", ""),
    (r"User child is on pid [0-9]+", "child_started", "process", "info", ""),
    (r"beginning MaxStartups throttling", "throttling_started", "network", "connection denied", ""),
    (r"exited MaxStartups throttling (?P<reason>.*)", "throttling_ended", "network", "connection info", ""),
]

ACTIONS = frozenset(action for _, action, *_ in _TABLE)


_BRIEF = (("invalid", "user", "ip", "port"), ("state", "user", "ip", "port", "alone"))  # the groups of the commonest messages


@cache
def reader(pattern: str) -> tuple[Callable[[str], re.Match[str] | None], bool]:
    """Compiled when a message first begins with the pattern's word: a start-up needs few of them. True: its groups are of `_BRIEF`."""
    compiled = re.compile(pattern)
    return compiled.fullmatch, tuple(compiled.groupindex) in _BRIEF


def _families() -> dict[str, list[tuple[str, Event]]]:
    families: dict[str, list[tuple[str, Event]]] = {}
    for pattern, action, category, types, outcome in _TABLE:
        event: Event = {"event.action": action, "event.category": [category], "event.type": types.split()}
        if outcome:
            event["event.outcome"] = outcome
        word = re.match(r"[A-Za-z_]+", pattern)
        assert word is not None  # each pattern begins with a word of its own
        families.setdefault(word[0], []).append((pattern, event))
    return families


FAMILIES = _families()
