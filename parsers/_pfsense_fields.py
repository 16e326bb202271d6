"""The own fields of pfSense and OPNsense."""

from __future__ import annotations

from soc.parsing import Field

FIELDS = [
    Field("pfsense.rule.number", "long", False, True, "place of the rule in pf's rule set; it changes when the rules do, rule.id does not"),
    Field("pfsense.rule.sub_number", "long", False, True, "place of the rule within its anchor"),
    Field("pfsense.ip.tos", "keyword", False, False, "type of service (IPv4) or traffic class (IPv6), as printed"),
    Field("pfsense.ip.ecn", "keyword", False, False, "explicit congestion notification, as printed"),
    Field("pfsense.ip.ttl", "long", False, True, "time to live (IPv4) or hop limit (IPv6)"),
    Field("pfsense.ip.id", "long", False, True, "identification of the IPv4 packet"),
    Field("pfsense.ip.offset", "long", False, True, "fragment offset; beyond 0 no ports follow"),
    Field("pfsense.ip.flags", "keyword", False, False, "DF, + (more fragments)"),
    Field("pfsense.ip.flow_label", "keyword", False, False, "flow label of the IPv6 packet, as printed"),
    Field("pfsense.tcp.flags", "keyword", False, False, "TCP flags by letter: S A F R P U E W C"),
    Field("pfsense.tcp.length", "long", False, True, "bytes of TCP data"),
    Field("pfsense.tcp.seq", "keyword", False, False, "TCP sequence number, or first:last of the data"),
    Field("pfsense.tcp.ack", "long", False, True, "TCP acknowledgement number"),
    Field("pfsense.tcp.window", "long", False, True, "TCP window"),
    Field("pfsense.tcp.urgent", "long", False, True, "TCP urgent pointer"),
    Field("pfsense.tcp.options", "keyword", True, False, "TCP options by name"),
    Field("pfsense.udp.length", "long", False, True, "bytes of UDP data"),
    Field("pfsense.icmp.type", "keyword", False, False, "ICMP type in filterlog's words: request, reply, unreachport"),
    Field("pfsense.icmp.id", "long", False, False, "identifier of an ICMP request or reply"),
    Field("pfsense.icmp.seq", "long", False, False, "sequence number of an ICMP request or reply"),
    Field("pfsense.icmp.destination.ip", "ip", False, False, "destination of the packet that an ICMP error is about"),
    Field("pfsense.icmp.protocol", "keyword", False, False, "protocol of the packet that an ICMP error is about"),
    Field("pfsense.icmp.port", "long", False, False, "port of the packet that an ICMP error is about"),
    Field("pfsense.icmp.mtu", "long", False, False, "MTU of the next hop"),
    Field("pfsense.icmp.description", "keyword", False, False, "what filterlog says of another ICMP message"),
    Field("pfsense.carp.type", "keyword", False, False, "type of a CARP packet"),
    Field("pfsense.carp.ttl", "long", False, True, "time to live of a CARP packet"),
    Field("pfsense.carp.vhid", "long", False, True, "virtual host that is advertised"),
    Field("pfsense.carp.version", "long", False, True, "version of CARP"),
    Field("pfsense.carp.advskew", "long", False, True, "skew of the interval between advertisements"),
    Field("pfsense.carp.advbase", "long", False, True, "base of the interval between advertisements, seconds"),
    Field("pfsense.error", "keyword", False, False, "why filterlog could not read the packet any further"),
]
