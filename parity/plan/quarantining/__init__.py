"""The old schema's last way: archived, put into quarantine, brought back or dropped."""
