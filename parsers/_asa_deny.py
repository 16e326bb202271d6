"""What an ASA let pass or stopped: access lists, anti-spoofing, ICMP, access to the device itself, threats it saw."""

from __future__ import annotations

from ._asa_shape import ICMP, ICMP6, NETWORK, TCP, UDP, Row, because

DENIED = {**NETWORK, "event.type": ["connection", "denied"], "event.action": "firewall-rule", "event.outcome": "failure"}
ALLOWED = {**NETWORK, "event.type": ["connection", "allowed"], "event.action": "firewall-rule", "event.outcome": "success"}
UNROUTED = DENIED | {"event.action": "routing-failure"}
NO_NAT = DENIED | {"event.action": "nat-failure"}
LIMIT = because("connection limit")
REVERSE_NAT = NO_NAT | because("NAT reverse path failure")
SHUNNED = DENIED | {"event.action": "shun"}
UNSHUNNED = {**NETWORK, "event.type": ["info"], "event.action": "unshun"}
THREAT = {"event.kind": "alert", "event.category": ["network", "intrusion_detection"], "event.type": ["info"]}
STOPPED = {"event.type": ["denied"]}
ATTACK = THREAT | {"event.action": "threat-detected"}

_PAIR = "<src>/<sport> to <dst>/<dport>"
_TO_DEVICE = "from <src>/<sport> to <dif>: ?<dst>/<dport>"
_ACCESS = r"<sif>/<src>\(<sport>\)(?:\(<suser>\))? ?-> ?<dif>/<dst>\(<dport>\)(?:\(<duser>\))?(?: hit-cnt <hits>|$)"
_USER_ACCESS = r"for user <who> <sif>/<src>(?:\(<sport>\)| <sport>)(?: ->)? <dif>/<dst>(?:\(<dport>\)| <dport>) hit-cnt <hits>"
_RATES = "Current burst rate is <burst> per second.*Current average rate is <average> per second.*Cumulative total count is <total>"
_LISTED = (
    r"(?:black|grey|white|block|allow)listed <proto> traffic from <sif>: ?<src>/<sport> \(<snat>/<snatport>\)"
    r" to <dif>: ?<dst>/<dport> \(<dnat>/<dnatport>\), (?:source|destination) <listed> resolved from"
    r" [^,]{0,512}(?:, threat-level: <level>, category: <category>)?$"
)

ROWS: list[Row] = [
    ("106001", DENIED | TCP, f"Inbound TCP connection denied from {_PAIR}(?: flags <flags>)? *on interface <sif>"),
    ("106002", DENIED, "<proto> Connection denied by outbound list <acl> src <src>(?:/<sport>)? dest <dst>(?:/<dport>)?"),
    ("106006", DENIED | UDP, f"Deny inbound UDP from {_PAIR}(?: on interface <sif>)?"),
    ("106007", DENIED | UDP, f"Deny inbound UDP from {_PAIR} due to <reason>"),
    ("106010", DENIED, "Deny inbound (?:protocol )?<proto> src <source> dst <destination><icmp>"),
    ("106011", DENIED | because("no translation"), r"Deny inbound \(No xlate\) (?:protocol )?<proto> src <source> dst <destination><icmp>"),
    ("106012", DENIED, "Deny IP from <src> to <dst>, <reason>"),
    ("106013", DENIED | ICMP, "Dropping echo request from <src> to PAT address <dst>"),
    ("106014", DENIED | ICMP, "Deny inbound icmp src <source> dst <destination><icmp>"),
    ("106015", DENIED | TCP | because("no connection"), rf"Deny TCP \(no connection\) from {_PAIR}(?: flags <flags>)? *on interface <sif>"),
    ("106016", DENIED | because("IP spoof"), r"Deny IP spoof from \(?<src>\)? to <dst> on interface <sif>"),
    ("106017", DENIED | because("Land Attack"), "Deny IP due to Land Attack from <src> to <dst>"),
    ("106018", DENIED | ICMP, "ICMP packet type <type> denied by outbound list <acl> src <src> dest <dst>"),
    ("106020", DENIED | because("IP teardrop fragment"), r"Deny IP teardrop fragment \([^)]*\) from <src> to <dst>"),
    ("106021", DENIED | because("reverse path check"), "Deny <proto> reverse path check from <src> to <dst> on interface <sif>"),
    ("106022", DENIED | because("connection spoof"), "Deny <proto> connection spoof from <src> to <dst> on interface <sif>"),
    ("106027", DENIED, r"[^:]{0,128}: ?Deny src \[?<smac>\]? dst \[?<dmac>\]? by access-(?:group|list) [\"“]?<acl>"),
    ("106100", ALLOWED, f"access-list <list>(?:permitted|est-allowed) <proto> {_ACCESS}"),
    ("106100", DENIED, f"access-list <list>denied <proto> {_ACCESS}"),
    ("106102", ALLOWED, f"access-list <list>permitted <proto> {_USER_ACCESS}"),
    ("106102", DENIED, f"access-list <list>denied <proto> {_USER_ACCESS}"),
    ("106103", DENIED, f"access-list <list>denied <proto> {_USER_ACCESS}"),
    ("110002", UNROUTED, "Failed to locate egress interface for <proto> from <source> to <dst>/<dport>"),
    ("110003", UNROUTED, "Routing failed to locate next hop for <proto> from <source> to <destination>"),
    ("201010", DENIED | LIMIT, rf"Embryonic connection limit exceeded \S* for <dir> packet from {_PAIR} on interface <sif>"),
    ("201011", DENIED | LIMIT, rf"Connection limit exceeded \S* for <dir> packet from {_PAIR} on interface <sif>"),
    ("304002", DENIED, "Access denied URL <url> SRC <src> DEST <dst>"),
    ("305005", NO_NAT, "No translation group found for <proto> src <source> dst <destination><icmp>"),
    ("305006", NO_NAT, "[a-z ]{1,32}translation creation failed for (?:protocol )?<proto> src <source> dst <destination><icmp>"),
    (
        "305013",
        REVERSE_NAT,
        "Asymmetric NAT rules matched .{0,64}Connection (?:for )?(?:protocol )?<proto> src <source> dst <destination><icmp>",
    ),
    ("313001", DENIED | ICMP, "Denied ICMP type=<type>, code=<code> from <src> on interface <sif>"),
    ("313004", DENIED | ICMP, "Denied ICMP type=<type>,(?: code=<code>,?)? from (?:laddr )?<src> on interface <sif> to <dst>: ?<reason>"),
    ("313005", DENIED | ICMP, "No matching connection for ICMP error message: icmp src <source> dst <destination><icmp>"),
    ("313008", DENIED | ICMP6, "Denied (?:ICMPv6|IPv6-ICMP) type=<type>, code=<code> from <src> on interface <sif>"),
    (
        "313009",
        DENIED | ICMP,
        r"Denied invalid ICMP code <code>, for <sif>: ?<src>/\d+ \(.{0,64}\) to <dif>: ?<dst>/\d+(?:.{0,256}, ICMP type <type>)?",
    ),
    ("322001", DENIED, "Deny MAC address <smac>, possible spoof attempt on interface <sif>"),
    *((str(code), ATTACK, f"Dynamic [Ff]ilter (?:monitored|permitted) {_LISTED}") for code in range(338001, 338005)),
    *((str(code), ATTACK | STOPPED, f"Dynamic [Ff]ilter dropped {_LISTED}") for code in range(338005, 338009)),
    ("400xxx", ATTACK, "(?:IDS|IPS):<signature> <title> from <src> to <dst> on interface <sif>"),
    ("401002", SHUNNED, r"Shun added: <src>(?: <dst> <sport> <dport>)?"),
    ("401003", UNSHUNNED, "Shun deleted: <src>"),
    ("401004", SHUNNED, "Shunned packet: <src> (?:==?>|=) <dst> on interface <sif>"),
    ("419001", DENIED | TCP, "Dropping TCP packet from <source> to <destination>, reason: <reason>"),
    ("419002", DENIED | TCP | because("duplicate TCP SYN"), "Duplicate TCP SYN from <source> to <destination> with different"),
    (
        "500003",
        DENIED | TCP | because("bad TCP header length"),
        rf"Bad TCP hdr length \([^)]*\) from {_PAIR}, flags: <flags> *, on interface <sif>",
    ),
    ("500004", DENIED | because("invalid transport field"), f"Invalid transport field for protocol=<proto>, from {_PAIR}"),
    ("507003", DENIED, "<proto> flow from <source> to <destination> terminated by inspection engine, reason ?- ?<reason>"),
    ("710001", NETWORK | TCP | {"event.type": ["access"], "event.action": "access-requested"}, f"TCP access requested {_TO_DEVICE}"),
    ("710002", ALLOWED, f"<proto> access permitted {_TO_DEVICE}"),
    ("710003", DENIED, f"<proto> access denied by ACL {_TO_DEVICE}"),
    ("710004", DENIED | TCP | LIMIT, f"TCP connection limit exceeded {_TO_DEVICE}"),
    ("710005", DENIED, f"<proto> request discarded {_TO_DEVICE}"),
    ("710006", DENIED, "<proto> request discarded from <src> to <dif>: ?<dst>"),
    (
        "733100",
        ATTACK,
        rf"\[ *<object>\] drop <rate> exceeded\. {_RATES}",
    ),
    ("733101", ATTACK, rf"\S{{1,32}} <src> is attacking\. {_RATES}"),
    ("733101", ATTACK, rf"\S{{1,32}} <dst> is targeted\. {_RATES}"),
    ("733102", SHUNNED, "Threat-detection adds host <src> to shun list"),
    ("733103", UNSHUNNED, "Threat-detection removes host <src> from shun list"),
]
