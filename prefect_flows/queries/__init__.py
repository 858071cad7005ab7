"""Every statement that reads or writes the flows' tables.

Rows go by COPY into a staging table of the schema (the writing role may create none, not even a
temporary one) and from there in one merge. Rows that would not change are left alone, so that a
second run of the same night writes nothing. The caller owns the transaction.
"""
