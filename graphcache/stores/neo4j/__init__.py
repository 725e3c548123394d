"""A Neo4j server as a store, and the push that brings a graph there."""
