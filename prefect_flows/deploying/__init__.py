"""Deployments: one definition in YAML, registered for workers on pools or served in one process."""
