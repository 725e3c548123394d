"""LadybugDB, opened by one thread at a time.

Whoever asks LadybugDB 0.22 for its library while another thread loads it, is told that it has none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ladybug

_OPENING = threading.Lock()


def open_database(path: str, **options: Any) -> ladybug.Database:
    """The database in a file; it is imported only now, since many commands need none.

    Raises:
        RuntimeError: it can't be opened: see `errors.errors_of`.
    """
    import ladybug

    with _OPENING:
        return ladybug.Database(path, **options)
