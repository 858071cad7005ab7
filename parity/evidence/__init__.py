"""The evidence of a night: its files, their sums, and one file of it all for an auditor."""
