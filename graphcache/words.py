"""Numbers in sentences."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number with what is counted, in the singular or the plural.

    >>> counted(1, "record"), counted(2400, "record"), counted(0, "entry", "entries")
    ('1 record', '2,400 records', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
