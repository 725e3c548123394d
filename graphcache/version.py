"""The version of graphcache, in a module of its own so that any other may say it."""

__version__ = "0.1.0"
