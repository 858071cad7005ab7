"""The use cases of upkeep: clean up, archive, back up."""
