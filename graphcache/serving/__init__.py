"""The pages of `graphcache serve`: what is in a store, read in a browser on the same machine.

Nothing here writes: only GET and HEAD are answered, and only statements of graphcache's own and of
the query library are run.
"""
