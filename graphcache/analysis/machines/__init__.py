"""What of a graph a machine or an environment can take: `usable` and `coverage`."""
