"""Which hosts are this machine: what goes to others crosses a network, and no secret does so in the clear."""

from __future__ import annotations

from ipaddress import ip_address


def is_here(host: str) -> bool:
    """Whether the name or address is this machine's own, whatever a resolver says: `localhost` and the loopback addresses."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
