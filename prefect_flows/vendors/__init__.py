"""The vendors. Each module fetches a symbol's bars and checks them before anybody sees them.

`yahoo` and `polygon` are what the flows call. `transport` bounds the time of an answer and reads
its status, `chart` looks at Yahoo's answer before its client does, `validation` judges bars by
what `exchange` knows of sessions.
"""
