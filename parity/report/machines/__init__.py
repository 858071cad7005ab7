"""What machines read: JSON Schemas, JUnit XML, Markdown for CI, a short text for chats.

All but the schemas are made of the same view as page and terminal, in its words.
"""
