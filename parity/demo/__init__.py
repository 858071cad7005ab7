"""The demo: a vendor replay server on loopback, and the nights replayed against it."""
