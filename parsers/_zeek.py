"""The logs of Zeek's that every sensor writes: which field becomes what in ECS. The rest goes to labels under Zeek's names.

Field names: Zeek documentation, "Log Files" (conn.log, dns.log, http.log, ssl.log, ssh.log, notice.log, files.log).
The other logs: `_zeek_more`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ._json import count, port, text
from ._zeek_read import Map, address, counts, flag, list_of, lower, nanoseconds, number_text, transport

EVERY: Map = {  # of any log that has them; both spellings, as Zeek writes them and as some shippers do
    **{f"id{dot}orig_h": ("source.ip", address) for dot in "._"},
    **{f"id{dot}orig_p": ("source.port", port) for dot in "._"},
    **{f"id{dot}resp_h": ("destination.ip", address) for dot in "._"},
    **{f"id{dot}resp_p": ("destination.port", port) for dot in "._"},
    "uid": ("zeek.session_id", text),
    "proto": ("network.transport", transport),
    "community_id": ("network.community_id", text),
}
EVERYDAY: Mapping[str, Map] = {
    "conn": {
        "service": ("network.protocol", lower),
        "duration": ("event.duration", nanoseconds),
        "orig_bytes": ("zeek.conn.orig_bytes", count),
        "resp_bytes": ("zeek.conn.resp_bytes", count),
        "orig_ip_bytes": ("source.bytes", count),
        "resp_ip_bytes": ("destination.bytes", count),
        "orig_pkts": ("source.packets", count),
        "resp_pkts": ("destination.packets", count),
        "conn_state": ("zeek.conn.state", text),
        "history": ("zeek.conn.history", text),
        "missed_bytes": ("zeek.conn.missed_bytes", count),
        "local_orig": ("zeek.conn.local_orig", flag),
        "local_resp": ("zeek.conn.local_resp", flag),
        "vlan": ("network.vlan.id", number_text),
        "ip_proto": ("network.iana_number", number_text),
    },
    "dns": {
        "trans_id": ("dns.id", number_text),
        "query": ("dns.question.name", text),
        "qtype_name": ("dns.question.type", text),
        "rcode_name": ("dns.response_code", text),
        "answers": ("dns.answers.data", list_of),
        "TTLs": ("dns.answers.ttl", counts),
        "rtt": ("event.duration", nanoseconds),
        "rejected": ("zeek.dns.rejected", flag),
    },
    "http": {
        "method": ("http.request.method", text),
        "host": ("url.domain", text),
        "uri": ("url.original", text),
        "referrer": ("http.request.referrer", text),
        "version": ("http.version", text),
        "user_agent": ("user_agent.original", text),
        "request_body_len": ("http.request.body.bytes", count),
        "response_body_len": ("http.response.body.bytes", count),
        "status_code": ("http.response.status_code", count),
        "status_msg": ("zeek.http.status_msg", text),
        "username": ("user.name", text),
        "trans_depth": ("zeek.http.trans_depth", count),
        "orig_mime_types": ("zeek.http.orig_mime_types", list_of),
        "resp_mime_types": ("zeek.http.resp_mime_types", list_of),
        "orig_fuids": ("zeek.http.orig_fuids", list_of),
        "resp_fuids": ("zeek.http.resp_fuids", list_of),
    },
    "ssl": {
        "version": ("zeek.ssl.version", text),
        "cipher": ("tls.cipher", text),
        "curve": ("tls.curve", text),
        "server_name": ("tls.client.server_name", text),
        "resumed": ("tls.resumed", flag),
        "established": ("tls.established", flag),
        "next_protocol": ("tls.next_protocol", text),
        "subject": ("tls.server.subject", text),
        "issuer": ("tls.server.issuer", text),
        "client_subject": ("tls.client.subject", text),
        "client_issuer": ("tls.client.issuer", text),
        "ja3": ("tls.client.ja3", text),
        "ja3s": ("tls.server.ja3s", text),
        "last_alert": ("zeek.ssl.last_alert", text),
        "validation_status": ("zeek.ssl.validation_status", text),
    },
    "ssh": {
        "auth_success": ("zeek.ssh.auth_success", flag),
        "auth_attempts": ("zeek.ssh.auth_attempts", count),
        "direction": ("zeek.ssh.direction", text),
        "client": ("zeek.ssh.client", text),
        "server": ("zeek.ssh.server", text),
        "version": ("zeek.ssh.version", count),
        "hassh": ("zeek.ssh.hassh", text),
    },
    "notice": {
        "note": ("zeek.notice.note", text),
        "msg": ("message", text),
        "sub": ("zeek.notice.sub", text),
        "src": ("source.ip", address),
        "dst": ("destination.ip", address),
        "p": ("destination.port", port),
        "n": ("zeek.notice.n", count),
        "actions": ("zeek.notice.actions", list_of),
        "suppress_for": ("zeek.notice.suppress_for", nanoseconds),
        "fuid": ("zeek.files.fuid", text),
        "file_mime_type": ("file.mime_type", text),
    },
    "files": {
        "fuid": ("zeek.files.fuid", text),
        "source": ("zeek.files.source", text),
        "mime_type": ("file.mime_type", text),
        "filename": ("file.name", text),
        "total_bytes": ("file.size", count),
        "seen_bytes": ("zeek.files.seen_bytes", count),
        "duration": ("event.duration", nanoseconds),
        "md5": ("file.hash.md5", text),
        "sha1": ("file.hash.sha1", text),
        "sha256": ("file.hash.sha256", text),
        "conn_uids": ("zeek.files.conn_uids", list_of),
        "is_orig": ("zeek.files.is_orig", flag),
        "timedout": ("zeek.files.timedout", flag),
    },
}
