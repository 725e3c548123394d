"""A real Neo4j server for tests, made from Neo4j's own jars; see `fixtures` and `server`."""
