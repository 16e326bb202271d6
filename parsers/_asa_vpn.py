"""VPN on an ASA: remote access sessions, tunnels between sites, IKE and IPsec."""

from __future__ import annotations

from ._asa_login import LOGIN, NO_LOGIN
from ._asa_shape import NETWORK, Row

SESSION = {"event.category": ["network", "session"]}
SEEN = SESSION | {"event.type": ["info"]}
UP = SESSION | {"event.type": ["connection", "start"], "event.action": "client-vpn-connected", "event.outcome": "success"}
DOWN = SESSION | {"event.type": ["connection", "end"], "event.action": "client-vpn-disconnected"}
ASSIGNED = SEEN | {"event.action": "address-assigned"}
SA_UP = {**NETWORK, "event.type": ["connection", "start"], "event.action": "ipsec-sa-created", "event.outcome": "success"}
SA_DOWN = {**NETWORK, "event.type": ["connection", "end"], "event.action": "ipsec-sa-deleted"}
BAD_IPSEC = {**NETWORK, "event.type": ["connection", "denied"], "event.action": "ipsec-rejected", "event.outcome": "failure"}
TUNNEL_UP = {**NETWORK, "event.type": ["connection", "start"], "event.action": "tunnel-established", "event.outcome": "success"}
TUNNEL_DOWN = {**NETWORK, "event.type": ["connection", "end"], "event.action": "tunnel-terminated"}
TUNNEL_FAILED = {**NETWORK, "event.type": ["connection", "end"], "event.action": "tunnel-failed", "event.outcome": "failure"}
IKE = {**NETWORK, "event.type": ["info"]}
TLS = {**NETWORK, "network.protocol": "tls"}

_WHO = "(?:Group <<group>> User <<user>> IP <<src>>|Group <group> User <user> IP <src>) "
_PEER = (  # IKEv1. A second ", IP = " is somebody's name that imitates the device: then nobody is believed
    "(?:(?!.*, IP = .*, IP = )"
    "(?:Group = <group>, Username = <user>, IP = <src>, |Group = <group>, IP = <src>, |Username = <user>, IP = <src>, "
    "|IP = <src>, |Group = <group>, ))?"
)
_PEER_2 = "Local: ?<dst>:<dport> Remote: ?<src>:<sport> Username: ?<account> "  # IKEv2
_TO = "(?: to <dst>/<dport>)?"
_TROUBLE = r".{0,64}?(?:[Ff]ail|[Rr]eject|[Uu]nable|[Ee]rror|[Aa]bort|Terminating|not supported|No (?:pre-?shared|remote))"
_IKE_2_FAILED = f"(?:(?>{_PEER_2})|(?!Local:))(?:IKEv2 )?(?={_TROUBLE})<reason>"  # some name no peer
_SA = r"IPSEC: An? (?={})(?:<dir>) <sa> SA \(SPI= ?<spi>\) between {} and {} \((?:user ?= ?)?<user>\) has been"
_SA_IN, _SA_OUT = _SA.format("inbound", "<dst>", "<src>"), _SA.format("outbound", "<src>", "<dst>")  # the device itself is printed first
_PACKET = (
    r"IPSEC: Received an? <what> (?:packet )?\((?:SPI= ?<spi>, sequence number= ?\w+|protocol= ?<proto>)\)"
    r" from <src>(?: \((?:user= ?)?<user>\))? to <dst>"
)

ROWS: list[Row] = [
    (
        "113019",
        DOWN,
        "Group = <group>, Username = <user>, IP = <src>, Session disconnected\\. Session Type: <session>, Duration: <elapsed>, "
        "Bytes xmt: <sent>, Bytes rcv: <received>, Reason: <reason>",
    ),
    ("113039", UP, _WHO + "AnyConnect parent session started"),
    ("402114", BAD_IPSEC, _PACKET),
    ("402115", BAD_IPSEC, "IPSEC: Received a packet from <src> to <dst> containing"),
    ("402116", BAD_IPSEC, _PACKET),
    ("402117", BAD_IPSEC, _PACKET),
    ("402118", BAD_IPSEC, _PACKET),
    ("402119", BAD_IPSEC, _PACKET),
    ("402120", BAD_IPSEC, _PACKET),
    ("602303", SA_UP, _SA_IN),
    ("602303", SA_UP, _SA_OUT),
    ("602304", SA_DOWN, _SA_IN),
    ("602304", SA_DOWN, _SA_OUT),
    ("713049", TUNNEL_UP, _PEER + "Security negotiation complete"),
    ("713050", TUNNEL_DOWN, _PEER + r"Connection terminated for peer .{0,128}\. +Reason: <cause> +Remote Proxy"),
    ("713060", TUNNEL_FAILED, _PEER + "<reason>"),
    ("713119", TUNNEL_UP | {"event.action": "ike-phase-1-completed"}, _PEER + "PHASE 1 COMPLETED"),
    ("713120", TUNNEL_UP | {"event.action": "ike-phase-2-completed"}, _PEER + "PHASE 2 COMPLETED"),
    ("713123", TUNNEL_DOWN, _PEER + "<reason>"),
    ("713166", NO_LOGIN, _PEER + "<reason>"),
    ("713167", NO_LOGIN, _PEER + "<reason>"),
    ("713198", NO_LOGIN | {"event.action": "authorization"}, _PEER + "User Authorization failed: <reason>"),
    ("713228", ASSIGNED, _PEER + "Assigned private IP address <assigned> to remote user"),
    ("713259", TUNNEL_DOWN, _PEER + r"Session is being torn down\. Reason: <reason>"),
    ("713xxx", IKE, _PEER),
    ("716001", UP, _WHO + "WebVPN session started"),
    ("716002", DOWN, _WHO + "WebVPN session terminated: <reason>"),
    ("716038", LOGIN, _WHO + "Authentication: successful, Session Type: <session>"),
    ("716039", NO_LOGIN, _WHO + "Authentication: rejected, Session Type: <session>"),
    ("716058", SEEN | {"event.action": "client-vpn-lost"}, _WHO + "AnyConnect session lost connection"),
    ("716059", SEEN | {"event.action": "client-vpn-resumed"}, _WHO + "AnyConnect session resumed"),
    ("722051", ASSIGNED, _WHO + "(?:IPv4 )?Address (?:<<assigned>>|<assigned>) "),
    ("722022", UP, _WHO + "(?:<proto> )?SVC connection established"),
    ("722023", DOWN, _WHO + "(?:<proto> )?SVC connection terminated"),
    ("722028", DOWN, _WHO + "<reason>"),
    ("722033", UP, _WHO + "First (?:<proto> )?SVC connection"),
    ("722034", UP, _WHO + "New (?:<proto> )?SVC connection"),
    ("722037", DOWN, _WHO + "SVC closing connection: <reason>"),
    ("722055", SEEN, _WHO + "Client Type: <client>"),
    (
        "725001",
        TLS | {"event.type": ["start"], "event.action": "tls-handshake-started"},
        "Starting SSL handshake with (?:remote )?\\w+ <source>" + _TO,
    ),
    (
        "725002",
        TLS | {"event.type": ["connection"], "event.action": "tls-established"},
        "Device completed SSL handshake with (?:remote )?\\w+ <source>" + _TO,
    ),
    (
        "725006",
        TLS | {"event.type": ["denied"], "event.action": "tls-failed", "event.outcome": "failure"},
        "Device failed SSL handshake with (?:remote )?\\w+ <source>" + _TO,
    ),
    (
        "725007",
        TLS | {"event.type": ["end"], "event.action": "tls-ended"},
        f"SSL session with (?:remote )?\\w+ <source>{_TO}.{{0,64}} terminated",
    ),
    ("734001", SEEN | {"event.action": "dynamic-access-policy"}, "DAP: User <user>, Addr <src>, Connection <session>: .{0,128}: <policy>$"),
    ("750003", TUNNEL_FAILED, _PEER_2 + "(?:.{0,64}?ERROR: ?)?<reason>"),
    ("750006", TUNNEL_UP, _PEER_2 + "(?:.{0,64}?Reason: ?)?<reason>"),
    ("750007", TUNNEL_DOWN, _PEER_2 + "(?:.{0,64}?Reason: ?)?<reason>"),
    ("750xxx", TUNNEL_FAILED, _IKE_2_FAILED),
    ("750xxx", IKE, _PEER_2),
    ("751011", NO_LOGIN, _PEER_2 + "(?:.{0,64}?Error: ?)?<reason>"),
    ("751025", ASSIGNED, _PEER_2 + "(?:IKEv2 )?Group:? ?<group> IPv4 Address= ?<assigned> "),
    ("751026", SEEN, _PEER_2 + "(?:IKEv2 )?Client OS: .{0,128}? Client: <client>"),
    ("751xxx", TUNNEL_FAILED, _IKE_2_FAILED),
    ("751xxx", IKE, _PEER_2),
]
# Each message of these families says who it is about, whatever it says then.
ROWS += [("716xxx", SEEN, _WHO), ("722xxx", SEEN, _WHO)]
