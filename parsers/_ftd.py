"""Connection, intrusion, file and malware events of Threat Defense: keys and values.

    %FTD-6-430003: AccessControlRuleAction: Allow, SrcIP: 192.0.2.75, DstIP: 203.0.113.2, SrcPort: 59698, DstPort: 443, Protocol: tcp, …

Cisco Secure Firewall Threat Defense Syslog Messages, "Security Event Syslog Messages" (430001 to 430005). Values are not quoted and
may hold ", ", so only known keys end them; of equal keys the first stands: addresses come before what a peer can choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from soc.event import Event
from soc.parsing.values import count, ip, port, related

from ._asa_shape import person
from ._ip import protocol

_READ: dict[str, tuple[str, Callable[[str], Any]]] = {  # key -> field, reader
    "SrcIP": ("source.ip", ip),
    "DstIP": ("destination.ip", ip),
    "SrcPort": ("source.port", port),
    "DstPort": ("destination.port", port),
    "NAT_InitiatorIP": ("source.nat.ip", ip),
    "NAT_InitiatorPort": ("source.nat.port", port),
    "NAT_ResponderIP": ("destination.nat.ip", ip),
    "NAT_ResponderPort": ("destination.nat.port", port),
    "ICMPType": ("cisco.asa.icmp_type", count),
    "ICMPCode": ("cisco.asa.icmp_code", count),
    "InitiatorPackets": ("source.packets", count),
    "ResponderPackets": ("destination.packets", count),
    "InitiatorBytes": ("source.bytes", count),
    "ResponderBytes": ("destination.bytes", count),
    "FileSize": ("file.size", count),
    "HTTPResponse": ("http.response.status_code", count),
    "VLAN_ID": ("network.vlan.id", str),
    "ConnectionID": ("cisco.asa.connection_id", str),
    "IngressInterface": ("observer.ingress.interface.name", str),
    "EgressInterface": ("observer.egress.interface.name", str),
    "IngressZone": ("observer.ingress.zone", str),
    "EgressZone": ("observer.egress.zone", str),
    "ACPolicy": ("rule.ruleset", str),
    "AccessControlRuleName": ("rule.name", str),
    "AccessControlRuleReason": ("event.reason", str),
    "ApplicationProtocol": ("network.protocol", str.lower),
    "WebApplication": ("network.application", str.lower),
    "UserAgent": ("user_agent.original", str),
    "HTTPReferer": ("http.request.referrer", str),
    "ReferencedHost": ("url.domain", str),
    "URL": ("url.original", str),
    "URI": ("url.original", str),
    "DNSQuery": ("dns.question.name", str),
    "DNSRecordType": ("dns.question.type", str),
    "DNSResponseType": ("dns.response_code", str),
    "FileName": ("file.name", str),
    "FileSHA256": ("file.hash.sha256", str.lower),
    "ThreatName": ("cisco.asa.threat.category", str),
    "SHA_Disposition": ("cisco.asa.threat.level", str),
    "SID": ("rule.id", str),
    "Message": ("rule.name", lambda text: text.strip('"')),
    "Classification": ("rule.category", str),
}
_OTHERS = """
    EventPriority DeviceUUID InstanceID FirstPacketSecond AccessControlRuleAction OriginalClientIP Protocol IngressVRF EgressVRF
    Prefilter.Policy Tunnel.or.Prefilter.Rule User Client ClientVersion ConnectionDuration FileCount IPSCount NAPPolicy DNS_Sinkhole
    DNS_TTL URLCategory URLReputation URLSICategory URLRuleName NetBIOSDomain SecIntMatchingIP IPReputationSICategory DNSSICategory
    Endpoint.Profile SourceSecurityGroup DestinationSecurityGroup SourceSecurityGroupTag DestinationSecurityGroupTag SSLPolicy
    SSLRuleName SSLActualAction SSLExpectedAction SSLFlowStatus SSLServerName SSLServerCertStatus SSLVersion SSLCipherSuite
    SSLCertificate SSLSessionID SSLTicketID SSLURLCategory TCPFlags DE Policy ConnectType Priority GID Revision IntrusionPolicy
    InlineResult MPLS_Label NumIOC FileDirection FileAction FileType FilePolicy FileStorageStatus FileSandboxStatus SperoDisposition
    ThreatScore ArchiveFileName ArchiveFileStatus ArchiveSHA256 ArchiveDepth HTTP_Hostname HTTP_URI SourceDynamicAttribute
    DestinationDynamicAttribute ClientAppDetector EncryptedVisibilityProcessName EncryptedVisibilityFingerprint
"""
_KEY = re.compile(
    r"(?:^|, )(" + "|".join(sorted({*_READ, *(name.replace(".", " ") for name in _OTHERS.split())}, key=len, reverse=True)) + "): ?"
)
_NOTHING = ("", "N/A", "Unknown", "No Authentication Required", "Not Found", "Not Processed")
_KINDS: dict[str, Event] = {
    "430001": {"event.kind": "alert", "event.category": ["intrusion_detection", "network"], "event.action": "intrusion-detected"},
    "430002": {"event.category": ["network"], "event.action": "connection-started"},
    "430003": {"event.category": ["network"], "event.action": "connection-finished"},
    "430004": {"event.category": ["file", "network"], "event.action": "file-detected"},
    "430005": {"event.kind": "alert", "event.category": ["malware", "network"], "event.action": "malware-detected"},
}
_STEPS = {"430002": ["start"], "430003": ["end"]}


def security_event(code: str, text: str) -> Event | None:
    """The fields of a security event; None when it names no address, or one that cannot be read: then it was cut off."""
    keys = list(_KEY.finditer(text))
    ends = [*(key.start() for key in keys[1:]), len(text)]
    said: dict[str, str] = {}
    for key, end in zip(keys, ends, strict=False):  # no keys, one end
        said.setdefault(key[1], text[key.end() : end].strip())
    event: Event = {name: [*value] if type(value) is list else value for name, value in _KINDS[code].items()}
    for name, text_of in said.items():
        if name in _READ and text_of not in _NOTHING:
            field, read = _READ[name]
            if (value := read(text_of)) is not None:
                event.setdefault(field, value)
    sides = [(said.get("SrcIP"), "source.ip" in event), (said.get("DstIP"), "destination.ip" in event)]
    if not any(read for _, read in sides) or not all(read or text in _NOTHING for text, read in sides):
        return None
    _decided(event, code, said)
    _summed(event, said)
    return event


def _decided(event: Event, code: str, said: dict[str, str]) -> None:
    """What became of it: the access rule's action, or the sensor's for an intrusion, a file or malware."""
    verdict = said.get("AccessControlRuleAction") or said.get("InlineResult") or said.get("FileAction") or ""
    if verdict:
        event["cisco.asa.rule_action"] = verdict
    word = verdict.lower()
    fate = ["denied"] if word.startswith(("block", "drop", "would have", "reset")) and not word.startswith("would") else []
    if word.startswith(("allow", "trust", "fastpath", "monitor", "detect", "interactive")):
        fate = ["allowed"]
    steps = _STEPS.get(code)
    if steps is not None:
        event["event.type"] = ["connection", *(fate or steps), *(steps if fate == ["allowed"] else [])]
        if fate:
            event["event.outcome"] = "success" if fate == ["allowed"] else "failure"
    else:
        event["event.type"] = ["info", *fate]


def _summed(event: Event, said: dict[str, str]) -> None:
    """Protocol, user, totals, and what is related."""
    keyword, number = protocol(said.get("Protocol", ""))
    if keyword:
        event["network.transport"] = keyword
    if number:
        event["network.iana_number"] = number
    user = said.get("User", "")
    if user not in _NOTHING:
        person(event, "user", user)
        event["related.user"] = related(event.get("user.name"))
    for unit in ("bytes", "packets"):
        if f"source.{unit}" in event and f"destination.{unit}" in event:
            event[f"network.{unit}"] = event[f"source.{unit}"] + event[f"destination.{unit}"]
    if (seconds := count(said.get("ConnectionDuration", ""))) is not None:
        event["event.duration"] = min(seconds, 10**9) * 1_000_000_000
    if digest := event.get("file.hash.sha256"):
        event["related.hash"] = [digest]
    event["related.ip"] = related(*map(event.get, ("source.ip", "destination.ip", "source.nat.ip", "destination.nat.ip")))
    event["network.type"] = "ipv6" if ":" in event["related.ip"][0] else "ipv4"
