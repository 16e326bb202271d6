"""What an EVE record can hold, object by object: the declared types are all the checks that its values get.

Suricata 7 user guide, "EVE JSON Format" and "Suricata 8", "Upgrading"; DNS in its versions 1, 2 and 3. Fields of type
`Any` go to labels; those of type `Raw` stay in event.original alone: statistics, raw packets, bodies in base64, and what
other fields say again.

Annotations are objects here, not texts: msgspec would compile each of them at every start.
"""

from typing import Any

from msgspec import Raw

from ._typed import Count, Part, Port, Row

_RAW = Raw()


class Alert(Part):
    action: str | None = None
    gid: Count = -1
    signature_id: int | str = ""
    rev: int | str = ""
    signature: str | None = None
    category: str | None = None
    severity: Count = -1
    metadata: dict[str, list[str]] | None = None
    source: Any = None
    target: Any = None
    xff: Any = None
    rule: Any = None
    references: Any = None


class Answer(Row):
    rrname: str | None = None
    rrtype: str | None = None
    rdata: str | None = None
    ttl: Count = -1


class Question(Row):
    rrname: str | None = None
    rrtype: str | None = None


class Dns(Part):
    version: Raw = _RAW
    type: str = ""
    id: int | str = ""
    flags: Raw = _RAW
    qr: Raw = _RAW
    aa: bool = False
    tc: bool = False
    rd: bool = False
    ra: bool = False
    opcode: int | None = None
    rrname: str | None = None
    rrtype: str | None = None
    rcode: str | None = None
    queries: tuple[Question, ...] = ()  # version 3
    query: tuple[Question, ...] = ()  # in an alert
    tx_id: Count = -1
    answers: tuple[Answer, ...] = ()
    rdata: str | None = None  # version 1
    ttl: Count = -1
    grouped: dict[str, Any] | None = None
    authorities: Any = None
    additionals: Any = None


class Http(Part):
    hostname: str | None = None
    http_port: Port = -1
    url: str | None = None
    http_user_agent: str | None = None
    xff: Any = None
    http_content_type: str | None = None
    http_refer: str | None = None
    http_method: str | None = None
    protocol: str | None = None
    status: Count = -1
    redirect: Any = None
    length: Count = -1
    request_headers: Any = None
    response_headers: Any = None
    http_request_body: Raw = _RAW
    http_response_body: Raw = _RAW


class Fingerprint(Part):
    hash: str | None = None
    string: Any = None


class Tls(Part):
    sni: str | None = None
    subject: str | None = None
    issuerdn: str | None = None
    serial: str | None = None
    fingerprint: str | None = None
    notbefore: str = ""
    notafter: str = ""
    ja3: Fingerprint | None = None
    ja3s: Fingerprint | None = None
    subjectaltname: list[Any] | str | None = None
    session_resumed: bool | None = None
    version: str | None = None
    ja4: Any = None
    client_alpns: Any = None
    server_alpns: Any = None
    certificate: Raw = _RAW
    chain: Raw = _RAW


class Flow(Part):
    pkts_toserver: Count = -1
    pkts_toclient: Count = -1
    bytes_toserver: Count = -1
    bytes_toclient: Count = -1
    start: str = ""
    end: str = ""
    age: Count = -1
    state: str | None = None
    reason: str | None = None
    alerted: bool | None = None
    src_ip: Any = None
    src_port: Any = None
    dest_ip: Any = None
    dest_port: Any = None
    action: Any = None
    tx_cnt: Any = None


class Netflow(Part):
    pkts: Count = -1
    bytes: Count = -1
    start: str = ""
    end: str = ""
    age: Count = -1
    min_ttl: Any = None
    max_ttl: Any = None


class Fileinfo(Part):
    filename: str | None = None
    size: Count = -1
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None
    magic: str | None = None
    state: str | None = None
    stored: Any = None
    gaps: Any = None
    tx_id: Any = None
    file_id: Any = None
    sid: Any = None
    start: Any = None
    end: Any = None


class Peer(Part):
    software_version: str | None = None
    proto_version: Any = None
    hassh: Any = None


class Ssh(Part):
    client: Peer | None = None
    server: Peer | None = None


class Smtp(Part):
    helo: Any = None
    mail_from: str | None = None
    rcpt_to: list[Any] | str | None = None


class Email(Part):
    subject: str | None = None
    message_id: str | None = None
    x_mailer: str | None = None


class Ether(Part):
    src_mac: str = ""  # of a packet
    dest_mac: str = ""
    src_macs: Any = None  # of a flow
    dest_macs: Any = None


class Eve(Part):
    timestamp: str = ""
    flow_id: int | None = None
    host: str | None = None
    in_iface: str | None = None
    event_type: str = ""
    vlan: list[Any] | int | str = ""
    src_ip: str = ""
    src_port: Port = -1
    dest_ip: str = ""
    dest_port: Port = -1
    proto: str = ""
    icmp_type: Any = None
    icmp_code: Any = None
    ip_v: Any = None
    pkt_src: Any = None
    metadata: Any = None
    community_id: str | None = None
    tx_id: Count = -1
    alert: Alert | None = None
    app_proto: str | None = None
    app_proto_ts: Any = None
    app_proto_tc: Any = None
    direction: Any = None
    flow: Flow | None = None
    dns: Dns | None = None
    http: Http | None = None
    tls: Tls | None = None
    fileinfo: Fileinfo | None = None
    ssh: Ssh | None = None
    smtp: Smtp | None = None
    email: Email | None = None
    netflow: Netflow | None = None
    ether: Ether | None = None
    tcp: dict[str, bool | int | str] | None = None
    files: Any = None
    pcap_cnt: Raw = _RAW
    payload: Raw = _RAW
    payload_printable: Raw = _RAW
    packet: Raw = _RAW
    packet_info: Raw = _RAW
    stream: Raw = _RAW
    stats: Raw = _RAW
