"""Which of Zeek's logs a record is from, by the columns that it has: most shippers send records without their log's name.

    {"ts":1791756855.132979,"uid":"CCworw1fI2gPWTcRR2","id.orig_h":"192.0.2.4",…,"cause":"violation","analyzer_kind":"protocol",…}

A record has all columns that its log must have and none that its log does not know. Where that holds of one log alone, it is
from that log; where it holds of two, nobody can say. Columns: Zeek's script reference, the `&log` fields of each `Info`
record, 3.0 to 8.0, those of the policy scripts that come with it included; `&optional` ones, and ones that a version lacks, behind the bar.
analyzer_debug and notice_alarm have the columns and the meaning of analyzer and notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from soc.parsing.remembered import Remembered

_CONNECTION = frozenset(("uid", "uids", "fuid"))
_IDENTITY = frozenset(("ts", "uid", "uids", "id"))
_SHIPPERS = {  # a part of a record, as shippers spell it that take dots out of names -> the record
    **dict.fromkeys(("seen_indicator", "seen_indicator_type", "seen_where", "seen_node"), "seen"),
    **{f"id_{side}_{part}": "id" for side in ("orig", "resp") for part in ("h", "p")},
}
_NESTED = ("certificate_", "san_", "basic_constraints_", "times_", "data_channel_", "remote_location_")
_SHIPPED = frozenset("host message path source tags agent ecs input log event fields cloud container beat offset file type".split())
_MARKS = [f'"{mark}' for mark in (
    'uid"', 'id.orig_h"', 'fuid"', '_path"', 'note"', 'uids"', 'notice"', 'certificate', 'is_exe"', 'percent_lost"', 'analyzer_kind"',
    'seen.', 'seen_indicator"', 'seen"', 'certStatus"', 'software_type"', 'pkts_proc"', 'id_orig_h"')]  # fmt: skip
_ROUTE = ('"src"', '"dst"', '"proto"')
_TABLE = """
conn: ts uid id proto | service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts
    orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto vlan inner_vlan orig_l2_addr resp_l2_addr community_id
    failed_service speculative_service pppoe_session_id
dns: ts uid id proto | trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected
    auth addl opcode opcode_name
http: ts uid id trans_depth | method host uri referrer version user_agent origin request_body_len response_body_len status_code
    status_msg info_code info_msg tags username password proxied filename orig_fuids orig_filenames orig_mime_types resp_fuids
    resp_filenames resp_mime_types client_header_names server_header_names cookie_vars uri_vars
ssl: ts uid id established | version cipher curve server_name resumed last_alert next_protocol ssl_history cert_chain_fps
    client_cert_chain_fps cert_chain_fuids client_cert_chain_fuids subject issuer client_subject client_issuer sni_matches_cert
    validation_status ocsp_status notary valid_ct_logs valid_ct_operators requested_client_certificate_authorities session_id ja3
    ja3s ja4 ja4s client_ciphers ssl_client_exts ssl_server_exts ticket_lifetime_hint dh_param_size point_formats client_curves
    orig_alpn client_supported_versions server_supported_version psk_key_exchange_modes client_key_share_groups
    server_key_share_group client_comp_methods sigalgs hashalgs
ssh: ts uid id auth_attempts | version auth_success direction client server cipher_alg mac_alg compression_alg kex_alg host_key_alg
    host_key host_key_fingerprint remote_location hassh hasshServer hasshAlgorithms hasshServerAlgorithms hasshVersion cshka sshka
files: ts fuid seen_bytes | uid id tx_hosts rx_hosts conn_uids source depth analyzers mime_type filename duration local_orig is_orig
    total_bytes missing_bytes overflow_bytes timedout parent_fuid md5 sha1 sha256 extracted extracted_cutoff extracted_size entropy
notice: ts note actions | uid id fuid file_mime_type file_desc proto msg sub src dst p n peer_name peer_descr suppress_for email_dest
    dropped remote_location community_id
signatures: ts note | uid src_addr src_port dst_addr dst_port sig_id event_msg sub_msg sig_count host_count
weird: ts name notice | uid id addl peer source
dhcp: ts uids | client_addr server_addr mac host_name client_fqdn domain requested_addr assigned_addr lease_time client_message
    server_message msg_types duration client_software server_software circuit_id agent_remote_id subscriber_id
dhcp: ts uid id trans_id | mac assigned_ip lease_time
x509: ts certificate | id fingerprint san basic_constraints host_cert client_cert cert
pe: ts id is_exe is_64bit | machine compile_ts os subsystem uses_aslr uses_dep uses_code_integrity uses_seh has_import_table
    has_export_table has_cert_table has_debug_data section_names
ocsp: ts id hashAlgorithm issuerNameHash issuerKeyHash serialNumber certStatus | revoketime revokereason thisUpdate nextUpdate
traceroute: ts src dst proto |
capture_loss: ts ts_delta peer gaps acks percent_lost |
intel: ts seen | uid id matched sources fuid file_mime_type file_desc desc url confidence
sip: ts uid id trans_depth | method uri date request_from request_to response_from response_to reply_to call_id seq subject
    request_path response_path user_agent status_code status_msg warning request_body_len response_body_len content_type
smtp: ts uid id trans_depth tls | helo mailfrom rcptto date from to cc reply_to msg_id in_reply_to subject x_originating_ip
    first_received second_received last_reply path user_agent fuids is_webmail
kerberos: ts uid id | request_type client service success error_msg from till cipher forwardable renewable client_cert_subject
    client_cert_fuid server_cert_subject server_cert_fuid auth_ticket new_ticket
ntlm: ts uid id | username hostname domainname server_nb_computer_name server_dns_computer_name server_tree_name success status
smb_files: ts uid id size | fuid action path name prev_name times
smb_mapping: ts uid id share_type | path service native_file_system
smb_cmd: ts uid id command version | sub_command argument status rtt username tree tree_service referenced_file
dce_rpc: ts uid id | rtt named_pipe endpoint operation
ftp: ts uid id user | password command arg mime_type file_size reply_code reply_msg data_channel fuid
mysql: ts uid id cmd arg | success rows response
radius: ts uid id | username mac framed_addr tunnel_client remote_ip connect_info reply_msg result ttl
rdp: ts uid id cert_count | cookie result security_protocol client_channels keyboard_layout client_build client_name
    client_dig_product_id desktop_width desktop_height requested_color_depth cert_type cert_permanent encryption_level
    encryption_method ssl
snmp: ts uid id duration version get_requests get_bulk_requests get_responses set_requests | community display_string up_since
syslog: ts uid id proto facility severity message |
quic: ts uid id version | client_initial_dcid client_scid server_scid server_name client_protocol history
ldap: ts uid id | message_id version opcode result diagnostic_message object argument
ldap_search: ts uid id | message_id scope deref_aliases base_object result_count result diagnostic_message filter attributes
websocket: ts uid id | host uri user_agent subprotocol client_protocols server_extensions client_extensions
analyzer: ts analyzer_kind analyzer_name | cause uid fuid id proto failure_reason failure_data
dpd: ts uid id proto analyzer | failure_reason packet_segment
tunnel: ts uid id tunnel_type action |
socks: ts uid id version | user password status request request_p bound bound_p
dhcpv6: ts uid id transaction_id | msg_type_req msg_type_rep
dnp3: ts uid id | fc_request fc_reply iin
irc: ts uid id | nick user command value addl dcc_file_name dcc_file_size dcc_mime_type fuid
modbus: ts uid id | tid unit func pdu_type exception
mqtt_connect: ts uid id | proto_name proto_version client_id connect_status will_topic will_payload
mqtt_publish: ts uid id from_client retain qos status topic payload payload_len |
mqtt_subscribe: ts uid id action topics ack | qos_levels granted_qos_level
ntp: ts uid id version mode | stratum poll precision root_delay root_disp ref_id ref_time org_time rec_time xmt_time num_exts
postgresql: ts uid id | user database application_name frontend frontend_arg backend backend_arg success rows
redis: ts uid id cmd | success reply
rfb: ts uid id | client_major_version client_minor_version server_major_version server_minor_version authentication_method auth
    share_flag desktop_name width height
software: ts host software_type | host_p name version unparsed_version url
stats: ts peer mem pkts_proc events_proc | bytes_recv pkts_dropped pkts_link pkt_lag pkts_filtered events_queued active_tcp_conns
    active_udp_conns active_icmp_conns tcp_conns udp_conns icmp_conns timers active_timers files active_files dns_requests
    active_dns_requests reassem_tcp_size reassem_file_size reassem_frag_size reassem_unknown_size
"""
_SHY = """
broker: ts ty ev | peer message
cluster: ts message | node
config: ts id old_value new_value | location
known_certs: ts host | port_num subject issuer_subject serial
known_devices: ts mac | dhcp_host_name
known_hosts: ts host |
known_modbus: ts host device_type |
known_services: ts host port_num port_proto service |
loaded_scripts: name |
modbus_register_change: ts uid id register old_val new_val delta |
nat-mapping: ts uid |
netcontrol: ts | rule_id category cmd state action target entity_type entity mod msg priority expire location plugin
netcontrol_drop: ts rule_id id | orig_h orig_p resp_h resp_p expire location
netcontrol_shunt: ts rule_id f expire | location
openflow: ts dpid match flow_mod |
packet_filter: ts filter | node init success failure_reason
print: ts vals |
reporter: ts level message location |
telemetry: ts peer metric_type prefix name labels label_values value | unit
telemetry_histogram: ts peer prefix name labels label_values bounds values sum observations | unit
unknown_protocols: ts analyzer protocol_id first_bytes | analyzer_history
weird_stats: ts name num_seen |
"""  # what their columns say, others say too


class Log(NamedTuple):
    """What a record of a log has always, and what it can have; a shy log is never concluded from columns."""

    name: str
    needed: frozenset[str]
    known: frozenset[str]
    shy: bool


def _logs(text: str, shy: bool) -> list[Log]:
    rows = text.strip().replace("\n    ", " ").splitlines()
    cut = [(name, needed.split(), known.split()) for name, _, columns in (row.partition(":") for row in rows)
           for needed, _, known in (columns.partition("|"),)]  # fmt: skip
    return [Log(name, frozenset(needed), frozenset((*needed, *known)), shy) for name, needed, known in cut]


LOGS = _logs(_TABLE, False) + _logs(_SHY, True)
_ANY = frozenset().union(*(log.known for log in LOGS))


def _column(key: str) -> str:
    """The column that a key is, or is a part of: `certificate` of `certificate.subject`, also as shippers spell it."""
    if key.startswith(_NESTED):
        return next(start for start in _NESTED if key.startswith(start))[:-1]
    return _SHIPPERS.get(key) or key.partition(".")[0]


def _log_of(keys: tuple[str, ...]) -> str | None:
    columns = frozenset(_column(key) for key in keys if not key.startswith(("_", "@")))
    own = (columns & _ANY) - _SHIPPED
    fitting = [log for log in LOGS if log.needed <= columns and own <= log.known]
    if not fitting or any(log.name != fitting[0].name for log in fitting):
        return None
    log = fitting[0]
    strange = columns - log.known
    believed = len(strange - _SHIPPED) < len(own - _IDENTITY) if _CONNECTION & columns else not strange
    return log.name if believed and not log.shy else None


_known = Remembered(_log_of, most=1 << 10, longest=1 << 12, size=lambda keys: sum(map(len, keys)))


def log_of(keys: Iterable[str]) -> str | None:
    """The log that a record with these keys is from; None where its columns fit none, or several.

    Columns that no log of Zeek's has: a record of a connection or file may have some, fewer than its own; what shippers add is no
    evidence for or against. Any other record has none, but for keys that begin with `_` or `@`.
    """
    return _known[tuple(keys)]


def marked(line: str) -> bool:
    """Whether a line of JSON may be a record of Zeek's, going by the names in it."""
    return '"ts"' in line and (any(mark in line for mark in _MARKS) or all(mark in line for mark in _ROUTE))
