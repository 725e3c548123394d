"""`python -m graphcache.lake` is `graphcache lake`; `spark-submit` runs this file."""

from __future__ import annotations

import sys

from graphcache.cli.main import main

if __name__ == "__main__":
    sys.argv[:1] = ["graphcache", "lake"]
    main()
