"""Zeek's own fields: what ECS has no name for, under Zeek's names. A line each: name, type, meaning."""

from __future__ import annotations

from soc.parsing import Field

_VENDOR = """
zeek.log keyword name of the log that the record is from
zeek.session_id keyword the connection's id, shared by all its records
zeek.conn.state keyword how the connection began and ended, in Zeek's letters
zeek.conn.history keyword what happened in the connection, a letter an event
zeek.conn.orig_bytes long payload sent by the originator, from sequence numbers
zeek.conn.resp_bytes long payload sent by the responder, from sequence numbers
zeek.conn.missed_bytes long bytes that the sensor did not see
zeek.conn.local_orig bool whether the originator lies in the sensor's own networks
zeek.conn.local_resp bool whether the responder lies in the sensor's own networks
zeek.dns.rejected bool whether the server refused the question
zeek.dns.z long the bits beside the flags that are to be zero
zeek.http.client_header_names array names of the request's headers
zeek.http.server_header_names array names of the answer's headers
zeek.http.status_msg keyword text beside the status code
zeek.http.trans_depth long place of the request within its connection
zeek.http.orig_mime_types array what the request's body is
zeek.http.resp_mime_types array what the answer's body is
zeek.http.orig_fuids array files sent with the request
zeek.http.resp_fuids array files sent with the answer
zeek.ssl.version keyword protocol version as Zeek names it
zeek.ssl.last_alert keyword last alert seen in the handshake
zeek.ssl.validation_status keyword what came of checking the certificate
zeek.ssh.auth_success bool whether a login succeeded, as far as packet sizes tell
zeek.ssh.auth_attempts long logins tried
zeek.ssh.direction keyword whether the connection goes out or comes in
zeek.ssh.client keyword software that the client says it is
zeek.ssh.server keyword software that the server says it is
zeek.ssh.version long protocol version
zeek.ssh.hassh keyword fingerprint of the client's key exchange
zeek.notice.note keyword kind of notice
zeek.notice.sub keyword what the notice adds to its message
zeek.notice.n long number that belongs to the notice
zeek.notice.actions array what Zeek did about it
zeek.notice.suppress_for long nanoseconds that equal notices are held back
zeek.files.fuid keyword the file's id
zeek.files.source keyword protocol that the file came by
zeek.files.seen_bytes long bytes of the file that were seen
zeek.files.conn_uids array connections that the file came by
zeek.files.is_orig bool whether the originator sent it
zeek.files.timedout bool whether its end was never seen
zeek.weird.name keyword what was odd
zeek.weird.addl keyword what Zeek adds to it
zeek.weird.peer keyword node that saw it
zeek.weird.source keyword analyzer that it comes from
zeek.weird.notice bool whether it became a notice as well
zeek.dhcp.host_name keyword name that the client gives itself
zeek.dhcp.client_fqdn keyword full name that the client gives itself
zeek.dhcp.domain keyword domain that the server names
zeek.dhcp.requested_addr ip address that the client asked for
zeek.dhcp.assigned_addr ip address that the server gave
zeek.dhcp.lease_time long nanoseconds that the address is the client's
zeek.dhcp.client_message keyword why the client declined
zeek.dhcp.server_message keyword why the server refused
zeek.dhcp.msg_types array messages of the exchange, in order
zeek.dhcp.uids array ids of the connections of the exchange
zeek.sip.method keyword what was asked for
zeek.sip.uri keyword whom or what was asked
zeek.sip.request_from keyword From of the request
zeek.sip.request_to keyword To of the request
zeek.sip.response_from keyword From of the answer
zeek.sip.response_to keyword To of the answer
zeek.sip.reply_to keyword Reply-To of the request
zeek.sip.call_id keyword id of the call
zeek.sip.seq keyword number and method of the request
zeek.sip.subject keyword Subject of the request
zeek.sip.status_msg keyword text beside the status code
zeek.sip.warning keyword Warning of the answer
zeek.sip.status_code long status code of the answer
zeek.sip.trans_depth long place of the request within its connection
zeek.sip.request_path array ways that the request came by
zeek.sip.response_path array ways that the answer came by
zeek.smtp.helo keyword name that the client gives itself
zeek.smtp.from keyword From of the message, as its writer claims
zeek.smtp.mailfrom keyword sender in the envelope
zeek.smtp.last_reply keyword the server's last answer
zeek.smtp.reply_to keyword Reply-To of the message
zeek.smtp.msg_id keyword Message-ID
zeek.smtp.trans_depth long place of the message within its connection
zeek.smtp.to array To of the message
zeek.smtp.cc array Cc of the message
zeek.smtp.rcptto array receivers in the envelope
zeek.smtp.fuids array files within the message
zeek.smtp.tls bool whether the connection turned to TLS
zeek.smtp.x_originating_ip ip X-Originating-IP of the message
zeek.smtp.path iparray hosts that the message came by, as its header claims
zeek.kerberos.request_type keyword AS or TGS
zeek.kerberos.client keyword the client's name and realm
zeek.kerberos.service keyword what the ticket is for
zeek.kerberos.error_msg keyword why there was no ticket
zeek.kerberos.cipher keyword how the ticket is encrypted
zeek.kerberos.success bool whether there was a ticket
zeek.kerberos.forwardable bool whether a forwardable ticket was asked for
zeek.kerberos.renewable bool whether a renewable ticket was asked for
zeek.kerberos.from date from when on the ticket is to be valid
zeek.kerberos.till date until when the ticket is to be valid
zeek.ntlm.hostname keyword name that the client gives itself
zeek.ntlm.server_nb_computer_name keyword the server's NetBIOS name
zeek.ntlm.server_dns_computer_name keyword the server's DNS name
zeek.ntlm.server_tree_name keyword the server's tree
zeek.ntlm.success bool whether the login succeeded
zeek.smb.action keyword what was done to the file
zeek.smb.path keyword share that the file lies in
zeek.smb.prev_name keyword the file's name before it was renamed
zeek.smb.service keyword what the share serves
zeek.smb.native_file_system keyword the share's file system
zeek.smb.share_type keyword kind of share
zeek.dce_rpc.named_pipe keyword pipe that was called through
zeek.dce_rpc.endpoint keyword interface that was called
zeek.dce_rpc.operation keyword what was called
zeek.ftp.command keyword what the client asked for
zeek.ftp.arg keyword argument of the command
zeek.ftp.reply_msg keyword text beside the reply code
zeek.ftp.reply_code long the server's answer
zeek.mysql.cmd keyword what the client asked for
zeek.mysql.arg keyword argument of the command
zeek.mysql.response keyword the server's message
zeek.mysql.rows long rows that were changed
zeek.mysql.success bool whether the server says that it was done
zeek.radius.mac keyword hardware address of who logs in
zeek.radius.framed_addr ip address that was proposed
zeek.radius.tunnel_client keyword address at the tunnel's other end
zeek.radius.connect_info keyword how the user is connected
zeek.radius.reply_msg keyword what the user is told
zeek.radius.result keyword success, failed or unknown
zeek.rdp.cookie keyword what the client sends first, often a user's name that is cut
zeek.rdp.result keyword what came of the negotiation
zeek.rdp.security_protocol keyword security that the server chose
zeek.rdp.keyboard_layout keyword the client's keyboard
zeek.rdp.client_build keyword the client's version
zeek.rdp.client_name keyword name that the client gives itself
zeek.rdp.client_dig_product_id keyword the client's product id
zeek.rdp.cert_type keyword kind of certificate
zeek.rdp.encryption_level keyword level of RDP's own encryption
zeek.rdp.encryption_method keyword method of RDP's own encryption
zeek.rdp.cert_count long certificates seen
zeek.rdp.client_channels array channels that the client asked for
zeek.rdp.cert_permanent bool whether the certificate is permanent
zeek.snmp.version keyword protocol version
zeek.snmp.community keyword community of the first message
zeek.snmp.display_string keyword what the device says it is
zeek.snmp.get_requests long values asked for
zeek.snmp.get_bulk_requests long values asked for in bulk
zeek.snmp.get_responses long values answered
zeek.snmp.set_requests long values to be set
zeek.snmp.up_since date since when the device says it is up
zeek.syslog.facility keyword facility of the message that was seen
zeek.syslog.severity keyword severity of the message that was seen
zeek.quic.version keyword protocol version
zeek.quic.client_initial_dcid keyword first id that the client gave the server
zeek.quic.client_scid keyword the client's id
zeek.quic.server_scid keyword the server's id
zeek.quic.client_protocol keyword first protocol that the client offers
zeek.quic.history keyword what happened in the connection, a letter an event
zeek.ldap.message_id keyword number of the message
zeek.ldap.version long protocol version
zeek.ldap.opcode keyword what was asked for
zeek.ldap.result keyword what came of it
zeek.ldap.diagnostic_message keyword text beside the result
zeek.ldap.object keyword what it was about
zeek.ldap.argument keyword argument of the operation
zeek.ldap.scope keyword how deep was searched
zeek.ldap.deref_aliases keyword whether aliases were followed
zeek.ldap.base_object keyword where the search began
zeek.ldap.filter keyword what was searched for
zeek.ldap.result_count long entries found
zeek.ldap.attributes array attributes asked for
zeek.websocket.subprotocol keyword protocol that the server chose
zeek.websocket.client_protocols array protocols that the client offers
zeek.websocket.server_extensions array extensions that the server chose
zeek.websocket.client_extensions array extensions that the client offers
zeek.x509.fingerprint keyword the certificate's hash, SHA-256 unless set otherwise
zeek.x509.san.dns array alternative names
zeek.x509.san.uri array alternative addresses of pages
zeek.x509.san.email array alternative addresses of mail
zeek.x509.san.ip iparray alternative addresses
zeek.x509.ca bool whether it may sign others
zeek.x509.host_cert bool whether it is a host's own
zeek.x509.client_cert bool whether the client sent it
zeek.pe.os keyword system that the program needs
zeek.pe.subsystem keyword subsystem that the program needs
zeek.pe.compile_ts date when it was built, as it claims
zeek.pe.section_names array names of its sections
zeek.pe.is_exe bool whether it can be run
zeek.pe.is_64bit bool whether it is of 64 bits
zeek.pe.uses_aslr bool whether it can be loaded anywhere
zeek.pe.uses_dep bool whether its memory for values is never run
zeek.pe.uses_code_integrity bool whether its code is checked
zeek.pe.uses_seh bool whether it handles exceptions
zeek.pe.has_import_table bool whether it imports
zeek.pe.has_export_table bool whether it exports
zeek.pe.has_cert_table bool whether it is signed
zeek.pe.has_debug_data bool whether it holds help for debugging
zeek.signatures.sub_msg keyword what matched
zeek.signatures.sig_count long signatures that matched
zeek.signatures.host_count long hosts that it matched on
zeek.capture_loss.peer keyword node that measured
zeek.capture_loss.gaps long acknowledgements of what was not seen
zeek.capture_loss.acks long acknowledgements
zeek.capture_loss.percent_lost double share of them, in percent
zeek.intel.indicator_type keyword kind of indicator, in Zeek's words
zeek.intel.where keyword where it was seen
zeek.intel.node keyword node that saw it
zeek.intel.file_desc keyword what file it was seen in
zeek.intel.matched array kinds of indicator that matched
zeek.intel.sources array who supplied it
zeek.analyzer.cause keyword confirmation, violation or disabled
zeek.analyzer.analyzer_kind keyword kind of analyzer
zeek.analyzer.analyzer_name keyword the analyzer
zeek.analyzer.failure_reason keyword why it failed
zeek.analyzer.failure_data keyword what it failed on
"""


_ARRAYS = {"array": "keyword", "iparray": "ip"}


def _field(line: str) -> Field:
    name, kind, meaning = line.split(" ", 2)
    return Field(name, _ARRAYS.get(kind, kind), kind in _ARRAYS, kind == "long", meaning)


FIELDS = [_field(line) for line in _VENDOR.strip().splitlines()]
