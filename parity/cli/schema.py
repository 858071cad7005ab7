"""`parity schema`: the published JSON Schemas."""

from __future__ import annotations

import click

from parity.report.machines.schema import SCHEMAS, schema_text

__all__ = ["schema"]


@click.command(short_help="Print the JSON Schema of what is written.")
@click.argument("of", type=click.Choice(SCHEMAS), default=SCHEMAS[0])
def schema(of: str) -> int:
    """Print the JSON Schema (2020-12) of result.json, or of the checklist's JSON."""
    click.echo(schema_text(of), nl=False)
    return 0
