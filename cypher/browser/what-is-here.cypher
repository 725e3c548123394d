//What the last push put here, and when (a table)
MATCH (l:GraphCacheLoad)
RETURN l.time AS time, l.version AS version, l.records AS records, l.sources AS sources, l.counts AS counts
