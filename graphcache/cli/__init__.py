"""The command line: each command reads its options, calls one function, and renders.

Modules here import nothing heavy at their top, so that `graphcache --help` answers at once.
"""
