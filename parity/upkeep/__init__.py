"""Upkeep: what is deleted by age, archived to Parquet, and backed up with a proof that it restores.

Only what needs the database and the disk; `parity.nightly.upkeep` knows the suite and the store.
"""
