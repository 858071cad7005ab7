"""Other comparers, each run by an interpreter of its own that knows nothing of parity."""
