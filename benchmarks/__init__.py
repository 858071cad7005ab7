"""Measurements that nobody has to believe: run them again."""
