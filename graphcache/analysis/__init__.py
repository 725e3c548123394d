"""What Cypher can't say, or not on both stores: functions that take tables and give answers."""
