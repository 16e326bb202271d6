"""Questions about events: tables and pictures."""
