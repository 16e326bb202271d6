"""A header is a header only if all of it is: no word of a log that has none becomes a host, whatever date stands before it.

The lines are written from each program's own documentation or source, named beside it.
"""

from __future__ import annotations

import re
from datetime import UTC
from functools import cache

import pytest

from soc.errors import ParseError
from soc.event import Event
from soc.parsing import Clock, Record, Stream
from soc.parsing.envelope import read_header, read_start
from soc.parsing.hosts import may_be_host
from soc.parsing.routes import Routes
from soc.times import iso, parse_iso
from tests.mutate import all_parsers, sample_lines

CLOCK = Clock(parse_iso("2026-12-01T00:00:00Z"), UTC)
ROUTES, STATED = Routes(all_parsers()), Routes(all_parsers(), "syslog")
STAMPS = [
    "Oct 11 22:14:15",
    "Oct 11 2026 22:14:15",
    "2026-10-11T22:14:15.003Z",
    "2026-10-11T22:14:15+02:00",
    "2026-10-11T22:14:15",
    "2026-10-11 22:14:15",
    "2026-10-11 22:14:15,003",
    "1791756855.003123",
]


def read(line: str, routes: Routes = ROUTES) -> Event:
    return routes.event(line.encode(), Stream(CLOCK))


HEADERLESS = [
    # PAN-OS Administrator's Guide, "Syslog Field Descriptions"
    "1,2013/03/25 09:38:11,0009C100218,TRAFFIC,end,1,2013/03/25 09:38:06,192.0.2.7,203.0.113.9,0.0.0.0,0.0.0.0,rule1,,,web-browsing,vsys1",
    "Mar 25 09:38:11 1,2013/03/25 09:38:11,0009C100218,TRAFFIC,end,1,2013/03/25 09:38:06,192.0.2.7,203.0.113.9",
    "2026-10-11 22:14:15 192.0.2.1 GET /default.htm - 80 - 203.0.113.7 Mozilla/5.0 - 200 0 0 15",  # IIS, W3C logging fields
    "2026-10-11 22:14:15 W3SVC1 WEB-1 192.0.2.1 POST /x.asp id=1 443 alice 203.0.113.7 HTTP/1.1 - - - www.example.org 401 2 5 0 0 3",
    # OpenVPN 2.6, error.c and ssl.c
    "2026-10-11 22:14:15 OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL]",
    "2026-10-11 22:14:15 TLS Error: TLS handshake failed",
    "2026-10-11 22:14:15 Data Channel: cipher 'AES-256-GCM', peer-id: 0",
    "2026-10-11 22:14:15 203.0.113.7:39924 VERIFY OK: depth=1, CN=ca.example.org",
    "2026-10-11 22:14:15 client1/203.0.113.7:39924 SENT CONTROL [client1]: 'PUSH_REPLY,route 192.0.2.0' (status=1)",
    "2026-10-11 22:14:15 UDPv4 link local (bound): [AF_INET][undef]:1194",
    "2026-10-11 22:14:15 us=3142 event_wait : Interrupted system call (fd=-1,code=4)",
    "2026-10-11 22:14:15 MULTI: multi_init called, r=256 v=256",
    # exim 4.96, spec.txt 53 "Log files"
    "2026-10-11 22:14:15 1xY68x-0003C1-0a <= a@example.net H=gw.example.net [203.0.113.7] P=esmtp S=453",
    "2026-10-11 22:14:15 +0200 1xY68x-0003C1-0a Completed",
    "2026-10-11 22:14:15 H=(gw1.example) [203.0.113.7] F=<a@example.net> rejected RCPT <x@example.org>: Unrouteable address",
    "2026-10-11 22:14:15 plain_server authenticator failed for (gw1.example) [203.0.113.7]: 535 Incorrect authentication data",
    "2026-10-11 22:14:15.325 [12766] SMTP command timeout on connection from [203.0.113.7]",
    "2026-10-11 22:14:15 exim 4.96 daemon started: pid=12243, no queue runs, listening for SMTP on port 25",
    "2026-10-11 22:14:15 Warning: purging the environment.",
    # Kea ARM 2.2, "Logging"
    "2026-10-11 22:14:15.573 INFO  [kea-dhcp4.leases/11395.139655125725696] DHCP4_LEASE_ALLOC [hwtype=1]: lease 192.0.2.9",
    "2026-10-11 22:14:15.573 WARN [kea-dhcp4.dhcp4/11395.1396] DHCP4_MULTI_THREADING_INFO enabled: no",
    # fail2ban 1.0, server/utils.py and helpers.py
    "2026-10-11 22:14:15,244 fail2ban.actions        [22059]: NOTICE  [sshd] Ban 203.0.113.7",
    "2026-10-11 22:14:15,244 fail2ban.server         [22059]: INFO    Starting Fail2ban v1.0.2",
    # BIND 9 ARM, "logging": print-time iso8601 and iso8601-utc
    "2026-10-11T22:14:15.275Z client @0x7fa29249b098 203.0.113.7#35959 (www.example.org): query: www.example.org IN A +E(0)K (192.0.2.1)",
    "2026-10-11T22:14:15.275Z queries: info: client @0x7fa29249b098 203.0.113.7#35959 (www.example.org): query: www.example.org IN A",
    "2026-10-11T22:14:15.275 general: notice: running",
    "11-Oct-2026 22:14:15.243 general: notice: running",
    # PowerDNS Recursor and Authoritative Server, log-timestamp: pdns/logger.cc
    "Oct 11 22:14:15 PowerDNS Recursor 4.8.8 (C) 2001-2022 PowerDNS.COM BV",
    "Oct 11 22:14:15 3 [1/1] question for 'al.example.org|AAAA' from 203.0.113.7:33170",
    "Oct 11 22:14:15 Redirecting queries for zone 'example.net' to: 192.0.2.53:53",
    "Oct 11 22:14:15 allow-from: 127.0.0.0/8, 192.0.2.0/24",
    "Oct 11 22:14:15 stats: 8 questions, 4 cache entries, 0 negative entries, 25% cache hits",
    "Oct 11 22:14:15 NOT using IPv6 for outgoing queries - add an IPv6 address (like '::') to query-local-address to enable",
    "Oct 11 22:14:15 Fatal error: Unable to bind to UDP socket",
    'Oct 11 22:14:15 msg="Enabling IPv4 transport for outgoing queries" subsystem="config" level="0" prio="Notice"',
    # cowrie, "Output event code reference": the text log
    "2026-10-11T22:14:15.909678Z 3590910bf9ff Remote SSH version: SSH-2.0-Go",
    "2026-10-11T22:14:15.134275Z 0d3b05216f5d request_env: LANG=C.UTF-8",
    "2026-10-11T22:14:15.134275Z 0d3b05216f5d CMD: uname -a",
    "2026-10-11T22:14:15.134275Z [HoneyPotSSHTransport,0,203.0.113.7] login attempt [b'root'/b'x'] failed",
    # strongSwan, "Logger Configuration": filelog, with time_format = %b %e %T and ike_name
    "Oct 11 22:14:15 00[JOB] spawning 16 worker threads",
    "Oct 11 22:14:15 05[IKE] <net|1> 203.0.113.7 is initiating an IKE_SA",
    # sudoers(5), "EVENT LOGGING": the log file, with log_year and log_host
    "Oct 11 22:14:15 2026 : r2alice : HOST=gw1 ; TTY=pts/0 ; PWD=/tmp ; USER=root ;",
    "Oct 11 22:14:15 : r2alice : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/usr/bin/id",
    # words that levels are written in
    "Oct 11 22:14:15 FATAL: remaining connection slots are reserved",
    "2026-10-11T22:14:15+00:00 INFO periodic_scheduler[13707]: cleanup_logs: job completed",
    "2026-10-11T22:14:15.003Z ERROR main.go:12 cannot listen",
    "2026-10-11 22:14:15,003 WARNING worker[3]: late",
    "2026-10-11T22:14:15+0000 info: Knot DNS 3.2.6 starting",
    # others that begin with a date
    "2026-10-11 22:14:15.605 <TRACE> device1: Starting",  # BIRD
    "2026-10-11 22:14:15 #12869(normal) <6db47c>; task; rspamd_task_write_log: id: <1@example.org>",
    "2026-10-11 22:14:15.123 UTC [1234] LOG:  database system is ready to accept connections",  # PostgreSQL
    "2026-10-11T22:14:15.123456Z 0 [System] [MY-010116] [Server] mysqld starting",
    "2026-10-11T22:14:15.003Z stdout F Started",  # Kubernetes, CRI
    "2026-10-11T22:14:15.003Z stdout F foo bar[3]: Started",
    "2026-10-11T22:14:15.003Z info hostd[2099531] [Originator@6876 sub=Default] Started",  # ESXi
    "2026-10-11T22:14:15.003Z In(166) Hostd[2099531]: [Originator@6876 sub=Default] Started",
    "2026-10-11 22:14:15.003  INFO 1234 --- [main] org.example.App : Started",  # Spring Boot
    "2026-10-11 22:14:15,003 - root - INFO - Started",  # Python
    '2026-10-11T22:14:15.003Z {"level": "info"}',
    "1791756855.206     13 203.0.113.7 TCP_MISS/200 297 GET http://www.example.org/ - HIER_DIRECT/192.0.2.1 text/html",  # Squid
]


@pytest.mark.parametrize("line", HEADERLESS)
def test_a_headerless_line_is_no_syslog_and_names_no_host(line: str):
    event = read(line)

    assert read_header(line, CLOCK) is None
    assert {"host.name", "host.ip", "process.name"}.isdisjoint(event)
    assert (event["event.dataset"], event["message"]) == ("raw", line)
    assert "host.name" not in read(line, STATED)


@pytest.mark.parametrize("line", [line for line in HEADERLESS if line.startswith(("2026-", "Oct 11 22:14:15", "Mar"))])
def test_its_time_is_its_time(line: str):
    assert "host.name" not in read(line)
    assert iso(read(line)["@timestamp"])[:10] in ("2026-10-11", "2026-03-25")


@cache
def sample_records() -> tuple[Record, ...]:
    found = []
    for raw in sample_lines():
        try:
            record = read_header(raw.decode(errors="replace"), CLOCK)
        except ParseError:
            continue
        found += [record] if record else []
    return tuple(found)


def test_the_host_of_every_sample_stands_in_its_header():
    strays = [
        record.line
        for record in sample_records()
        if (host := record.fields.get("host.name"))
        and not (may_be_host[host] and host.lower() in record.line.lower().removesuffix(record.message.lower()))
    ]

    assert [line for line in strays if "2001:" not in line] == []
    assert len(sample_records()) > 200


@pytest.mark.parametrize("stamp", STAMPS)
def test_no_message_of_any_sample_names_a_host_when_only_a_date_stands_before_it(stamp: str):
    """But for two words and a colon, and a small word before a packet: RFC 3164 writes host and program, ulogd a host so."""
    meant = re.compile(r"[\w-]+ [^ :\[]+: |[a-z-]+ IN=").match
    messages = {record.message for record in sample_records() if record.message and not meant(record.message)}

    hosts = {message: host for message in messages if (host := read(f"{stamp} {message}").get("host.name"))}

    assert hosts == {}
    assert len(messages) > 200


HOSTS = ["gw1", "GW-1", "mail.example.org", "192.0.2.7", "2001:db8::7", "_gateway", "10-net", "asa/ctx1", "s_src@relay", "bücher", "x"]
NO_HOSTS = [
    "-",
    "",
    "2026",
    "3",
    "INFO",
    "warn",
    "Mon",
    "Nov",
    "UTC",
    "MSK",
    "stdout",
    "00[JOB]",
    "H=(x)",
    "#12(n)",
    "1,2013/03/25",
    "a:",
    "++",
    "<x>",
]


def test_what_may_stand_as_a_host_is_decided_once():
    assert [host for host in HOSTS if not may_be_host[host]] == []
    assert [host for host in NO_HOSTS if may_be_host[host]] == []


T = parse_iso("2026-10-11T22:14:15Z")
WHOLE = [  # line, host, program, pid, message
    ("2026-10-11T22:14:15+00:00 - su: x", None, "su", None, "x"),
    ("Oct 11 22:14:15 - sshd[7]: x", None, "sshd", 7, "x"),
    ("Oct 11 22:14:15 router su: x", "router", "su", None, "x"),
    ("2026-10-11T22:14:15+00:00 router dovecot: x", "router", "dovecot", None, "x"),
    ("2026-10-11T22:14:15Z 3590910bf9ff sshd[7]: x", "3590910bf9ff", "sshd", 7, "x"),
    ("2026-10-11 22:14:15,000 gw1 proftpd[7] 127.0.0.1 (x): USER x", "gw1", "proftpd", 7, "127.0.0.1 (x): USER x"),
    ("2026-10-11T22:14:15+0000 sshd[7]: x", None, "sshd", 7, "x"),
    ("<13>Oct 11 22:14:15 FATAL: x", None, "", None, "FATAL: x"),
    ("<13>Oct 11 22:14:15 1,2026/10/11 22:14:15,0009C1,TRAFFIC", None, "", None, "1,2026/10/11 22:14:15,0009C1,TRAFFIC"),
    ("Oct 11 22:14:15 PA-220 1,2026/10/11 22:14:15,0009C1,TRAFFIC", "PA-220", "", None, "1,2026/10/11 22:14:15,0009C1,TRAFFIC"),
    # a zone between time and host
    ("<164>Oct 11 22:14:15 UTC asa-7 : %ASA-4-106023: x", "asa-7", "", None, "%ASA-4-106023: x"),
    ("Oct 11 2026 22:14:15 UTC asa-7 : %ASA-4-106023: x", "asa-7", "", None, "%ASA-4-106023: x"),
    ("<38>Oct 11 22:14:15 GMT gw7 sshd[7]: x", "gw7", "sshd", 7, "x"),
    ("<38>Oct 11 22:14:15 UTC sshd[7]: x", None, "sshd", 7, "x"),
    ("<166>Oct 11 2026 22:14:15 UTC: %ASA-6-302016: x", None, "", None, "%ASA-6-302016: x"),
    # krb5: lib/kadm5/logger.c; journalctl(1), --output; printk; rsyslog
    ("Oct 11 22:14:15 gw1 krb5kdc[12](info): AS_REQ x", "gw1", "krb5kdc", 12, "AS_REQ x"),
    ("1791756855.000000 gw1 sshd[7]: x", "gw1", "sshd", 7, "x"),
    ("1791756855.000000 gw1 kernel: x", "gw1", "kernel", None, "x"),
    ("Oct 11 22:14:15.000000 gw1 sshd[7]: x", "gw1", "sshd", 7, "x"),
    ("2026-10-11T22:14:15.000000+0000 gw1 sshd[7]: x", "gw1", "sshd", 7, "x"),
    ("Mon 2026-10-12 01:14:15 +03 gw1 sshd[7]: x", "gw1", "sshd", 7, "x"),
    ("Sun 2026-10-11 22:14:15 UTC gw1 kernel: x", "gw1", "kernel", None, "x"),
    ("<invld>1 2026-10-11T22:14:15Z gw1 - - - - <999>Oct 11 22:14:15 gw1 bad: pri", "gw1", "", None, "<999>Oct 11 22:14:15 gw1 bad: pri"),
    ("2026-10-11T22:14:15Z gw1.example evntslog[77] no colon", "gw1.example", "evntslog", 77, "no colon"),
    ("2026-10-11T22:14:15Z gw1.example evntslog \ufeffAn event", "gw1.example", "evntslog", None, "An event"),
    # what a relay took for a tag
    ("Oct 11 22:14:15 gw1 CEF: 0|V|P|1|2|n|3|", "gw1", "", None, "CEF:0|V|P|1|2|n|3|"),
    ("<13>Oct 11 22:14:15 gw1 CEF: 0|V|P|1|2|n|3|", "gw1", "", None, "CEF:0|V|P|1|2|n|3|"),
    ("2026-10-11T22:14:15Z router CEF:0|V|P|1|2|n|3|", "router", "", None, "CEF:0|V|P|1|2|n|3|"),
    ("<13>1 2026-10-11T22:14:15Z gw1 CEF - - - 0|V|P|1|2|n|3|", "gw1", "", None, "CEF:0|V|P|1|2|n|3|"),
    ("<13>Oct 11 22:14:15 gw1 LEEF: 1.0|V|P|1|2|", "gw1", "", None, "LEEF:1.0|V|P|1|2|"),
    ("<13>Oct 11 22:14:15 gw1 CEF: message repeated 3 times: [ 0|V|P|]", "gw1", "", None, "CEF:0|V|P|"),
    ('<13>1 2026-10-11T22:14:15Z gw1 {"a" - - -  1}', "gw1", "", None, '{"a": 1}'),
    ("<13>1 2026-10-11T22:14:15Z gw1 date=2026-10-11 - - -  time=22:14:15", "gw1", "", None, "date=2026-10-11 time=22:14:15"),
    ("<13>1 2026-10-11T22:14:15Z 2026 gw1 - - - x", None, "gw1", None, "x"),
]


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case[0])
def test_a_whole_header_is_read(case: tuple[str, str | None, str, int | None, str]):
    record = read_header(case[0], CLOCK)

    assert record is not None
    said = record.fields
    assert (said.get("host.name"), record.program, said.get("process.pid"), record.message, said["message"]) == (*case[1:], case[4])
    assert said.get("process.name", "") == record.program
    assert said["@timestamp"] == T


@pytest.mark.parametrize(
    ("line", "host", "program", "message"),
    [
        ("[ 1156.850544] prefix IN=eth0", None, "kernel", "prefix IN=eth0"),
        ("<4>[    0.000000][    T0] Linux version 6.18", None, "kernel", "Linux version 6.18"),
        ("[ 1156.850544] usb 1-1: new device", None, "kernel", "usb 1-1: new device"),
        ("[ 1156.850544] gw1 sshd[7]: x", "gw1", "sshd", "x"),
        ("[ 1156.850544 <    0.000123 >] gw1 kernel: x", "gw1", "kernel", "x"),
    ],
)
def test_a_line_dated_since_boot_was_written_when_it_came(line: str, host: str | None, program: str, message: str):
    record = read_header(line, CLOCK)

    assert record is not None
    assert (record.fields.get("host.name"), record.program, record.message) == (host, program, message)
    assert record.fields["@timestamp"] == CLOCK.received


def test_a_packet_in_the_kernels_own_log_is_one():
    event = read("[ 1156.850544] RDP blocked: IN=vd OUT= SRC=203.0.113.7 DST=192.0.2.6 LEN=60 PROTO=TCP SPT=36051 DPT=3389")

    assert (event["event.dataset"], event["rule.name"], event["source.ip"]) == ("iptables.log", "RDP blocked", "203.0.113.7")
    assert "process.name" not in event


FAILED = "Failed password for root from 203.0.113.7 port 52144 ssh2"


@pytest.mark.parametrize(
    ("line", "host"),
    [
        (f"2026-10-11T22:14:15Z gw1.example sshd {FAILED}", "gw1.example"),
        (f"2026-10-11T22:14:15Z 3590910bf9ff sshd: {FAILED}", "3590910bf9ff"),
        (f"2026-10-11 22:14:15 router sshd: {FAILED}", "router"),
        (f"2026-10-11 22:14:15 sshd: {FAILED}", None),
        ("2026-10-11 22:14:15 IN=vd OUT= SRC=203.0.113.7 DST=192.0.2.6 LEN=60 PROTO=TCP SPT=36051 DPT=3389", None),
        ("2026-10-11T22:14:15Z gw1 [x] IN=vd OUT= SRC=203.0.113.7 DST=192.0.2.6 LEN=60 PROTO=TCP SPT=36051 DPT=3389", "gw1"),
        ("Oct 11 22:14:15 router Shorewall:net2fw:DROP:IN=vd OUT= SRC=203.0.113.7 DST=192.0.2.6 LEN=60 PROTO=TCP SPT=3 DPT=3389", "router"),
        ("Oct 11 22:14:15 DROP IN=vd OUT= SRC=203.0.113.7 DST=192.0.2.6 LEN=60 PROTO=TCP SPT=36051 DPT=3389", None),
    ],
)
def test_half_a_header_is_one_where_a_parser_reads_what_stands_behind_it(line: str, host: str | None):
    event = read(line)

    assert (event["source.ip"], event.get("host.name"), event["@timestamp"]) == ("203.0.113.7", host, T)


def test_a_line_without_a_time_has_not_even_half_a_header():
    assert [read_start(line, CLOCK) for line in ("", "text", "gw1 sshd[7]: x", "Oct 11 22:14:15", '{"a": 1}')] == [None] * 5


@pytest.mark.parametrize("colon", [": ", ":", " "])
def test_a_cisco_message_is_read_with_and_without_the_colon_behind_its_id(colon: str):
    said = 'Deny tcp src outside:203.0.113.131/61943 dst inside:198.51.100.17/443 by access-group "x" [0x0, 0x0]'

    for header in ("<164>Oct 11 2026 22:14:15 fw1 : ", "Oct 11 22:14:15 fw1 ", "<164>"):
        event = read(f"{header}%ASA-4-106023{colon}{said}")

        assert (event["event.code"], event["source.ip"], event["rule.name"]) == ("106023", "203.0.113.131", "x")
