"""SQL of the upkeep. Identifiers are quoted by psycopg, values are bound."""
