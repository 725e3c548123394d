"""Numbers in sentences."""

from __future__ import annotations


def counted(count: float, noun: str, plural: str | None = None) -> str:
    """A number, which may be a fraction, with what is counted, in the singular or the plural.

    >>> counted(1, "record"), counted(2400, "record"), counted(0, "entry", "entries")
    ('1 record', '2,400 records', '0 entries')
    >>> counted(1.0, "second"), counted(0.1 + 0.2, "second")
    ('1 second', '0.3 seconds')
    """
    number = f"{count:,g}" if isinstance(count, float) else f"{count:,}"
    return f"{number} {noun if count == 1 else plural or f'{noun}s'}"
