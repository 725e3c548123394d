//What graphcache put here, and when
MATCH (l:GraphCacheLoad)
RETURN l.time, l.version, l.digest, l.sources
