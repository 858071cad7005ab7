"""Charts of a night and of many: what they show, as numbers and in words."""
