"""The views that consumers read, and how they are moved from one side to the other."""
