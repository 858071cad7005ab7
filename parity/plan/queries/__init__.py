"""SQL of the use cases of the plan, by use case. Identifiers are quoted, values are bound."""
