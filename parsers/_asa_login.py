"""Who came to an ASA and what they did there: administrators, users of cut-through proxies, the AAA servers' answers."""

from __future__ import annotations

from ._asa_shape import Row

LOGIN = {"event.category": ["authentication"], "event.type": ["start"], "event.action": "login", "event.outcome": "success"}
NO_LOGIN = LOGIN | {"event.outcome": "failure"}
LOGOUT = {"event.category": ["authentication"], "event.type": ["end"], "event.action": "logout"}
AAA = {"event.category": ["authentication"], "event.type": ["info"]}
ALLOWED = AAA | {"event.action": "authorization", "event.outcome": "success"}
REFUSED = AAA | {"event.action": "authorization", "event.outcome": "failure"}
LOCKED = {"event.category": ["iam"], "event.type": ["user", "change"], "event.action": "user-locked-out"}
UNLOCKED = LOCKED | {"event.action": "user-unlocked"}
CREATED = {"event.category": ["iam"], "event.type": ["user", "creation"], "event.action": "user-created", "event.outcome": "success"}
DELETED = CREATED | {"event.type": ["user", "deletion"], "event.action": "user-deleted"}
PROMOTED = CREATED | {"event.type": ["user", "change"], "event.action": "privilege-changed"}
CHANGE = {"event.category": ["configuration"], "event.type": ["change"], "event.action": "command-executed"}
SHOW = CHANGE | {"event.type": ["access"]}
SAVED = {"event.category": ["configuration"], "event.type": ["info"], "event.action": "configuration-written"}
LOADED = SAVED | {"event.type": ["change"], "event.action": "configuration-read"}
CLEARED = SAVED | {"event.type": ["deletion"], "event.action": "configuration-cleared"}
ADMIN = {"event.category": ["session"]}
SSH_ENDED = ADMIN | {"event.type": ["end"], "event.action": "ssh-session-ended", "network.protocol": "ssh"}
FILE = {"event.category": ["network", "file"], "event.type": ["access"], "network.protocol": "ftp"}
WEB = {"event.category": ["network", "web"], "event.type": ["access"], "event.action": "url-accessed"}

_PAIR = "<src>/<sport> to <dst>/<dport>"
_ON = "(?: on interface <sif>)?"
_SSH = "SSH session from <src> on interface <sif> for user (?:\"<user>\"|'<user>'|<user>)"
_USER = "user = (?:<user> ?: user IP = <src>|<user>)$"

ROWS: list[Row] = [
    ("109001", AAA | {"event.action": "authentication-started"}, f"Auth start for user <who> from {_PAIR}"),
    ("109005", LOGIN, f"Authentication succeeded for user <who> from {_PAIR}{_ON}"),
    ("109006", NO_LOGIN, f"Authentication failed for user <who> from {_PAIR}{_ON}"),
    ("109007", ALLOWED, f"Authorization permitted for user <who> from {_PAIR}{_ON}"),
    ("109008", REFUSED, f"Authorization denied for user <who> from {_PAIR}{_ON}"),
    ("109010", NO_LOGIN, rf"Auth from {_PAIR} failed \(<cause>\){_ON}"),
    ("109011", LOGIN | {"event.action": "session-started"}, r"Authen Session Start: user <who>, sid \d+"),
    ("109012", LOGOUT | {"event.action": "session-ended"}, r"Authen Session End: user <who>, sid \d+, elapsed <seconds> seconds"),
    ("109017", REFUSED, "User at <src> exceeded auth proxy connection limit"),
    ("109023", REFUSED, f"User from {_PAIR} on interface <sif> must authenticate before using this service"),
    ("109024", REFUSED, rf"Authorization denied from <src>(?:/<sport>)? to <dst>(?:/<dport>)? \(<cause>\){_ON} using <proto>"),
    ("109025", REFUSED, rf"Authorization denied \(acl=<acl>\) for user <who> from {_PAIR}{_ON} using <proto>"),
    ("109027", AAA, r"\[.{0,64}\] Unable to decipher response message Server = <server>, User = <user>$"),
    ("109028", ALLOWED, "aaa bypassed for same-security traffic from <source> to <destination>"),
    ("109029", AAA, "Parsing downloaded ACL: <reason>"),
    ("111001", SAVED, "Begin configuration: <src> writing to <file>$"),
    ("111004", SAVED, "<src> end configuration: <reason>"),
    ("111005", SAVED, "<src> end configuration: <reason>"),
    ("111007", LOADED, "Begin configuration: <src> reading from <file>$"),
    ("111008", CHANGE, r"User <who> executed the '<command>' command\.?$"),
    ("111009", SHOW, "User <who> executed cmd: <command>"),
    ("111010", CHANGE, "User <who>, running <through> from IP (?:<src>)?, executed (?:'<command>'|<command>)$"),
    ("112001", CLEARED, r"\(.{0,64}\) (?:PIX|ASA)? ?[Cc]lear (?:complete|finished)"),
    ("113003", AAA, "AAA group policy for user <user> is being set to <policy>$"),
    ("113004", ALLOWED, r"AAA user (?:accounting|authorization) Successful ?: server = +<server> ?[:,] [Uu]ser = <user>$"),
    ("113004", LOGIN, r"AAA user \w+ Successful ?: server = +<server> ?[:,] [Uu]ser = <user>$"),
    ("113005", NO_LOGIN, rf"AAA user \w+ Rejected ?: reason = <cause> ?: server = +<server> ?: {_USER}"),
    ("113006", LOCKED, "User <who> locked out on exceeding"),
    ("113007", UNLOCKED, "User <who> unlocked by "),
    ("113008", LOGIN, "AAA transaction status ACCEPT ?: user = <user>$"),
    ("113009", AAA, r"AAA retrieved default group policy \(<policy>\) for user = <user>$"),
    ("113010", AAA, "AAA challenge received for user <user> from server <server>"),
    ("113011", AAA, r"AAA retrieved user specific group policy \(<policy>\) for user = <user>$"),
    ("113012", LOGIN, "AAA user authentication Successful ?: local database ?: user = <user>$"),
    ("113013", NO_LOGIN, "AAA unable to complete the request Error ?: reason = <cause> ?: user = <user>$"),
    ("113014", NO_LOGIN, f"AAA authentication server not accessible ?: server = +<server> ?: {_USER}"),
    ("113015", NO_LOGIN, f"AAA user authentication Rejected ?: reason = <cause> ?: local database ?: {_USER}"),
    ("113016", NO_LOGIN, f"AAA credentials rejected ?: reason = <cause> ?: server = +<server> ?: {_USER}"),
    ("113017", NO_LOGIN, f"AAA credentials rejected ?: reason = <cause> ?: local database ?: {_USER}"),
    ("113021", NO_LOGIN, "Attempted console login failed. User <who> did NOT have appropriate Admin Rights"),
    ("113022", AAA, "AAA Marking \\S+ server <server> in aaa-server group <group> as FAILED"),
    ("113023", AAA, "AAA Marking \\S+ server <server> in aaa-server group <group> as ACTIVE"),
    ("303002", FILE, "FTP connection from <source> to <destination>, user <user> <verb> file <file>$"),
    ("304001", WEB, r"(?:<user>@)?<src>(?:\(.{0,256}\))? Accessed (?:JAVA )?URL <web>: ?<url>"),
    ("308001", NO_LOGIN, r"(?:PIX |ASA )?console enable password incorrect for <tries> tries \(from <src>\)"),
    ("315011", SSH_ENDED, _SSH + r" disconnected by SSH server, reason: [\"']?<cause>[\"']?(?: ?\(\w{1,16}\))?$"),
    ("315011", SSH_ENDED, _SSH + r" terminated(?: normally)?\.?$"),
    ("502101", CREATED, "New user added to local dbase: Uname: <user> Priv: <new>"),
    ("502102", DELETED, "User deleted from local dbase: Uname: <user> Priv: <old>"),
    ("502103", PROMOTED, "User priv level changed: Uname: <user> From: <old> To: <new>"),
    ("605004", NO_LOGIN, 'Login denied from <src>/<sport> to <dif>: ?<dst>/<service> for user "<user>"'),
    ("605005", LOGIN, 'Login permitted from <src>/<sport> to <dif>: ?<dst>/<service> for user "<user>"'),
    ("605004", NO_LOGIN, 'Login denied from serial to console for user "<user>"'),
    ("605005", LOGIN, 'Login permitted from serial to console for user "<user>"'),
    ("606001", ADMIN | {"event.type": ["start"], "event.action": "asdm-session-started"}, r"ASDM session number \d+ from <src> started"),
    ("606002", ADMIN | {"event.type": ["end"], "event.action": "asdm-session-ended"}, r"ASDM session number \d+ from <src> ended"),
    (
        "606003",
        ADMIN | {"event.type": ["start"], "event.action": "asdm-logging-started"},
        r"ASDM logging session number \d+ from <src> started",
    ),
    ("606004", ADMIN | {"event.type": ["end"], "event.action": "asdm-logging-ended"}, r"ASDM logging session number \d+ from <src> ended"),
    ("611101", LOGIN, "User authentication succeeded: (?:IP address: <src>, )?Uname: <user>$"),
    ("611102", NO_LOGIN, "User authentication failed: (?:IP address: <src>, )?Uname: <user>$"),
    ("611103", LOGOUT, "User logged out: Uname: <user>$"),
]
