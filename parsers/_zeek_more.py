"""Zeek's logs of single protocols, and those about files, certificates and the sensor, in ECS names: per log, which field becomes what.

Field names: Zeek's script reference, 3.0 to 8.0. What follows from several of them: `_zeek_meaning`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ._json import count, port, text
from ._zeek_read import (
    Map,
    address,
    addresses,
    digits,
    flag,
    hardware,
    hexadecimal,
    list_of,
    lower,
    named,
    nanoseconds,
    number_text,
    real,
    sequence,
    when,
)


def _own(log: str, texts: str = "", counts: str = "", lists: str = "", flags: str = "") -> Map:
    """Fields that keep Zeek's names, `zeek.LOG.FIELD`."""
    kinds = ((texts, text), (counts, count), (lists, list_of), (flags, flag))
    return {name: (f"zeek.{log}.{name}", read) for names, read in kinds for name in names.split()}


_LOGIN: Map = {"username": ("user.name", text), "user": ("user.name", named)}
_WEB: Map = {"host": ("url.domain", text), "uri": ("url.original", text), "user_agent": ("user_agent.original", text)}
_LDAP = "opcode result diagnostic_message object argument"
PROTOCOLS: Mapping[str, Map] = {
    "dhcp": {
        "client_addr": ("source.ip", address),
        "server_addr": ("destination.ip", address),
        "mac": ("source.mac", hardware),
        "requested_addr": ("zeek.dhcp.requested_addr", address),
        "assigned_addr": ("zeek.dhcp.assigned_addr", address),
        "assigned_ip": ("zeek.dhcp.assigned_addr", address),  # before 2.6
        "lease_time": ("zeek.dhcp.lease_time", nanoseconds),
        "duration": ("event.duration", nanoseconds),
        "msg_types": ("zeek.dhcp.msg_types", sequence),
        **_own("dhcp", "host_name client_fqdn domain client_message server_message", lists="uids"),
    },
    "sip": {
        "user_agent": ("user_agent.original", text),
        **_own(
            "sip",
            "method uri request_from request_to response_from response_to reply_to call_id seq subject status_msg warning",
            "status_code trans_depth",
            "request_path response_path",
        ),
    },
    "smtp": {
        "subject": ("email.subject", text),
        "user_agent": ("email.x_mailer", text),
        "x_originating_ip": ("zeek.smtp.x_originating_ip", address),
        "path": ("zeek.smtp.path", addresses),
        **_own("smtp", "helo from mailfrom last_reply reply_to msg_id", "trans_depth", "to cc rcptto fuids", "tls"),
    },
    "kerberos": {
        "from": ("zeek.kerberos.from", when),
        "till": ("zeek.kerberos.till", when),
        **_own("kerberos", "request_type client service error_msg cipher", flags="success forwardable renewable"),
    },
    "ntlm": {
        "username": ("user.name", text),
        "domainname": ("user.domain", text),
        **_own("ntlm", "hostname server_nb_computer_name server_dns_computer_name server_tree_name", flags="success"),
    },
    "smb_files": {
        "fuid": ("zeek.files.fuid", text),
        "name": ("file.path", text),
        "size": ("file.size", count),
        "times.modified": ("file.mtime", when),
        "times.accessed": ("file.accessed", when),
        "times.created": ("file.created", when),
        "times.changed": ("file.ctime", when),
        **_own("smb", "action path prev_name"),
    },
    "smb_mapping": _own("smb", "path service native_file_system share_type"),
    "dce_rpc": {"rtt": ("event.duration", nanoseconds), **_own("dce_rpc", "named_pipe endpoint operation")},
    "ftp": {
        "user": ("user.name", named),
        "fuid": ("zeek.files.fuid", text),
        "mime_type": ("file.mime_type", text),
        "file_size": ("file.size", count),
        **_own("ftp", "command arg reply_msg", "reply_code"),
    },
    "mysql": _own("mysql", "cmd arg response", "rows", flags="success"),
    "radius": {
        "username": ("user.name", text),
        "mac": ("zeek.radius.mac", hardware),
        "framed_addr": ("zeek.radius.framed_addr", address),
        "remote_ip": ("zeek.radius.tunnel_client", text),  # before 3.0
        "ttl": ("event.duration", nanoseconds),
        **_own("radius", "tunnel_client connect_info reply_msg result"),
    },
    "rdp": _own(
        "rdp",
        "cookie result security_protocol keyboard_layout client_build client_name client_dig_product_id cert_type encryption_level"
        " encryption_method",
        "cert_count",
        "client_channels",
        "cert_permanent",
    ),
    "snmp": {
        "duration": ("event.duration", nanoseconds),
        "up_since": ("zeek.snmp.up_since", when),
        **_own("snmp", "version community display_string", "get_requests get_bulk_requests get_responses set_requests"),
    },
    "syslog": {"message": ("message", text), "facility": ("zeek.syslog.facility", text), "severity": ("zeek.syslog.severity", text)},
    "quic": {
        "server_name": ("tls.client.server_name", text),
        **_own("quic", "version client_initial_dcid client_scid server_scid client_protocol history"),
    },
    "ldap": {**_own("ldap", _LDAP, "version"), "message_id": ("zeek.ldap.message_id", number_text)},
    "ldap_search": {
        "message_id": ("zeek.ldap.message_id", number_text),
        **_own("ldap", "scope deref_aliases base_object result diagnostic_message filter", "result_count", "attributes"),
    },
    "websocket": {**_WEB, **_own("websocket", "subprotocol", lists="client_protocols server_extensions client_extensions")},
}
OTHERS: Mapping[str, Map] = {
    "x509": {
        "id": ("zeek.files.fuid", text),
        "fingerprint": ("zeek.x509.fingerprint", text),
        "certificate.version": ("file.x509.version_number", number_text),
        "certificate.serial": ("file.x509.serial_number", hexadecimal),
        "certificate.subject": ("file.x509.subject.distinguished_name", text),
        "certificate.issuer": ("file.x509.issuer.distinguished_name", text),
        "certificate.not_valid_before": ("file.x509.not_before", when),
        "certificate.not_valid_after": ("file.x509.not_after", when),
        "certificate.key_alg": ("file.x509.public_key_algorithm", text),
        "certificate.sig_alg": ("file.x509.signature_algorithm", text),
        "certificate.key_length": ("file.x509.public_key_size", count),
        "certificate.exponent": ("file.x509.public_key_exponent", digits),
        "certificate.curve": ("file.x509.public_key_curve", text),
        "san.dns": ("zeek.x509.san.dns", list_of),
        "san.uri": ("zeek.x509.san.uri", list_of),
        "san.email": ("zeek.x509.san.email", list_of),
        "san.ip": ("zeek.x509.san.ip", addresses),
        "basic_constraints.ca": ("zeek.x509.ca", flag),
        **_own("x509", flags="host_cert client_cert"),
    },
    "pe": {
        "id": ("zeek.files.fuid", text),
        "machine": ("file.pe.architecture", lower),
        "compile_ts": ("zeek.pe.compile_ts", when),
        **_own(
            "pe",
            "os subsystem",
            lists="section_names",
            flags="is_exe is_64bit uses_aslr uses_dep uses_code_integrity uses_seh has_import_table has_export_table has_cert_table"
            " has_debug_data",
        ),
    },
    "weird": _own("weird", "name addl peer source", flags="notice"),
    "signatures": {
        "src_addr": ("source.ip", address),
        "src_port": ("source.port", port),
        "dst_addr": ("destination.ip", address),
        "dst_port": ("destination.port", port),
        "note": ("zeek.notice.note", text),
        "sig_id": ("rule.name", text),
        "event_msg": ("message", text),
        **_own("signatures", "sub_msg", "sig_count host_count"),
    },
    "traceroute": {"src": ("source.ip", address), "dst": ("destination.ip", address)},
    "capture_loss": {
        "ts_delta": ("event.duration", nanoseconds),
        "percent_lost": ("zeek.capture_loss.percent_lost", real),
        **_own("capture_loss", "peer", "gaps acks"),
    },
    "intel": {
        "seen.indicator": ("threat.indicator.name", text),
        "seen.indicator_type": ("zeek.intel.indicator_type", text),
        "seen.where": ("zeek.intel.where", text),
        "seen.node": ("zeek.intel.node", text),
        "fuid": ("zeek.files.fuid", text),
        "file_mime_type": ("file.mime_type", text),
        **_own("intel", "file_desc", lists="matched sources"),
    },
    "analyzer": {
        "fuid": ("zeek.files.fuid", text),
        **_own("analyzer", "cause analyzer_kind analyzer_name failure_reason failure_data"),
    },
    "dpd": {"analyzer": ("zeek.analyzer.analyzer_name", text), **_own("analyzer", "failure_reason")},
    "other": _LOGIN,
}
