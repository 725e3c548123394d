"""What a person writes, held against a graph: names, hashes and abstract specs."""
