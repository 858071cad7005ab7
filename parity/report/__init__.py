"""One view model of a night, rendered as HTML, terminal text and JSON."""
