"""The vendor's own fields of Cisco firewalls, named as Filebeat's cisco module names them where it has them."""

from __future__ import annotations

from soc.parsing import Field

FIELDS = [
    Field("cisco.asa.connection_id", "keyword", False, False, "number of the connection on its device; the same when built and torn down"),
    Field("cisco.asa.source_interface", "keyword", False, False, "interface (nameif) on the side of the source"),
    Field("cisco.asa.destination_interface", "keyword", False, False, "interface (nameif) on the side of the destination"),
    Field("cisco.asa.icmp_type", "long", False, True, "ICMP type"),
    Field("cisco.asa.icmp_code", "long", False, True, "ICMP code"),
    Field("cisco.asa.tcp_flags", "keyword", True, False, "TCP flags of the packet, as printed"),
    Field("cisco.asa.hit_count", "long", False, True, "packets of the flow that met the access rule within its interval"),
    Field("cisco.asa.termination_initiator", "keyword", False, False, "interface of the side that ended the connection"),
    Field("cisco.asa.group", "keyword", False, False, "tunnel group or group policy of a VPN session; group of AAA servers"),
    Field("cisco.asa.policy", "keyword", False, False, "policy or dynamic access policy record that was chosen for a session"),
    Field("cisco.asa.session_type", "keyword", False, False, "kind of VPN session or security association"),
    Field("cisco.asa.assigned_ip", "ip", False, False, "address that a VPN client was given"),
    Field("cisco.asa.spi", "keyword", False, False, "security parameter index of an IPsec packet or association, as printed"),
    Field("cisco.asa.received", "keyword", False, False, "what kind of packet arrived in place of a valid IPsec packet"),
    Field("cisco.asa.application", "keyword", False, False, "what an administrator gave a command through: CLI, ASDM"),
    Field("cisco.asa.privilege.old", "long", False, True, "privilege level before"),
    Field("cisco.asa.privilege.new", "long", False, True, "privilege level after"),
    Field("cisco.asa.tries", "long", False, True, "wrong passwords in a row"),
    Field("cisco.asa.connections.in_use", "long", False, True, "connections at this time"),
    Field("cisco.asa.connections.most_used", "long", False, True, "most connections since the device started"),
    Field("cisco.asa.threat.object", "keyword", False, False, "what a threat detection rate belongs to: a host, an access list, Scanning"),
    Field("cisco.asa.threat.rate", "keyword", False, False, "which configured rate was exceeded"),
    Field("cisco.asa.threat.burst_rate", "long", False, True, "events per second, burst"),
    Field("cisco.asa.threat.average_rate", "long", False, True, "events per second, average"),
    Field("cisco.asa.threat.total_count", "long", False, True, "events in all"),
    Field("cisco.asa.threat.level", "keyword", False, False, "threat level of a listed address; verdict on a file"),
    Field("cisco.asa.threat.category", "keyword", False, False, "category of a listed address; name of malware"),
    Field("cisco.asa.threat.listed", "keyword", False, False, "the listed name or address"),
    Field("cisco.asa.rule_action", "keyword", False, False, "action of the rule as Threat Defense words it"),
]
