"""Campaigns: harm done at random, at length, and what must hold all the same.

Each module is one kind, with a function `campaign` that gives a `Campaign` in a folder of its own.
`make campaign KIND=inputs SEED=1 COUNT=10000` runs one; `test_campaigns` a little of each.
"""
