"""One module a rule: `RULE`, or `RULES` for several kinds of rows. Found by being here."""
