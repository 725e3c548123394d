// before a push
CREATE CONSTRAINT `graphcache_Package` IF NOT EXISTS FOR (n:`GraphCachePackage`) REQUIRE n.`name` IS UNIQUE;
// before a push
CREATE CONSTRAINT `graphcache_Spec` IF NOT EXISTS FOR (n:`GraphCacheSpec`) REQUIRE n.`hash` IS UNIQUE;
// before a push
CREATE CONSTRAINT `graphcache_Stack` IF NOT EXISTS FOR (n:`GraphCacheStack`) REQUIRE n.`name` IS UNIQUE;
// before a push
CREATE CONSTRAINT `graphcache_Compiler` IF NOT EXISTS FOR (n:`GraphCacheCompiler`) REQUIRE n.`spec` IS UNIQUE;
// before a push
CREATE CONSTRAINT `graphcache_Target` IF NOT EXISTS FOR (n:`GraphCacheTarget`) REQUIRE n.`name` IS UNIQUE;
// before a push
CREATE CONSTRAINT `graphcache_Release` IF NOT EXISTS FOR (n:`GraphCacheRelease`) REQUIRE n.`name` IS UNIQUE;
// before a push
CREATE INDEX `graphcache_Package_name` IF NOT EXISTS FOR (n:`Package`) ON (n.`name`);
// before a push
CREATE INDEX `graphcache_Spec_hash` IF NOT EXISTS FOR (n:`Spec`) ON (n.`hash`);
// before a push
CREATE INDEX `graphcache_Stack_name` IF NOT EXISTS FOR (n:`Stack`) ON (n.`name`);
// before a push
CREATE INDEX `graphcache_Compiler_spec` IF NOT EXISTS FOR (n:`Compiler`) ON (n.`spec`);
// before a push
CREATE INDEX `graphcache_Target_name` IF NOT EXISTS FOR (n:`Target`) ON (n.`name`);
// before a push
CREATE INDEX `graphcache_Release_name` IF NOT EXISTS FOR (n:`Release`) ON (n.`name`);
// before a push
CREATE INDEX `graphcache_Spec_name` IF NOT EXISTS FOR (n:`Spec`) ON (n.`name`);
// before a push
CREATE INDEX `graphcache_Spec_configuration` IF NOT EXISTS FOR (n:`Spec`) ON (n.`configuration`);
// to an empty database: Package
UNWIND $rows AS row
CREATE (n:`GraphCachePackage`:`Package` {`name`: row[0]})
SET n.`graphcache_digest` = row[1];
// to an empty database: Stack
UNWIND $rows AS row
CREATE (n:`GraphCacheStack`:`Stack` {`name`: row[0]})
SET n.`graphcache_digest` = row[1];
// to an empty database: Compiler
UNWIND $rows AS row
CREATE (n:`GraphCacheCompiler`:`Compiler` {`spec`: row[0]})
SET n.`graphcache_digest` = row[1], n.`name` = row[2], n.`version` = row[3];
// to an empty database: Target
UNWIND $rows AS row
CREATE (n:`GraphCacheTarget`:`Target` {`name`: row[0]})
SET n.`graphcache_digest` = row[1], n.`family` = row[2], n.`vendor` = row[3], n.`generation` = row[4];
// to an empty database: Release
UNWIND $rows AS row
CREATE (n:`GraphCacheRelease`:`Release` {`name`: row[0]})
SET n.`graphcache_digest` = row[1], n.`date` = row[2];
// to an empty database: Spec OF_PACKAGE BUILT_WITH FOR_TARGET IN_STACK IN_RELEASE
UNWIND $rows AS row
CREATE (n:`GraphCacheSpec`:`Spec` {`hash`: row[0]})
SET n.`graphcache_digest` = row[1], n.`name` = row[2], n.`version` = row[3], n.`label` = row[4], n.`platform` = row[5], n.`os` = row[6], n.`variants` = row[7], n.`configuration` = row[8], n.`namespace` = row[9], n.`external` = row[10], n.`external_path` = row[11], n.`external_modules` = row[12], n.`flags` = row[13], n.`package_hash` = row[14], n.`original_specfile_version` = row[15], n.`size` = row[16], n.`tarball` = row[17], n.`in_buildcache` = row[18], n.`derived` = row[19], n.`dependencies_known` = row[20]
FOREACH (edge IN row[21] | MERGE (m:`GraphCachePackage` {`name`: edge[0]}) CREATE (n)-[e:`OF_PACKAGE`]->(m))
FOREACH (edge IN row[22] | MERGE (m:`GraphCacheCompiler` {`spec`: edge[0]}) CREATE (n)-[e:`BUILT_WITH`]->(m) SET e.`languages` = edge[1])
FOREACH (edge IN row[23] | MERGE (m:`GraphCacheTarget` {`name`: edge[0]}) CREATE (n)-[e:`FOR_TARGET`]->(m))
FOREACH (edge IN row[24] | MERGE (m:`GraphCacheStack` {`name`: edge[0]}) CREATE (n)-[e:`IN_STACK`]->(m) SET e.`releases` = edge[1], e.`root` = edge[2])
FOREACH (edge IN row[25] | MERGE (m:`GraphCacheRelease` {`name`: edge[0]}) CREATE (n)-[e:`IN_RELEASE`]->(m) SET e.`root` = edge[1]);
// to an empty database: edges DEPENDS_ON SPLICED_FROM
UNWIND $rows AS row
MATCH (n:`GraphCacheSpec` {`hash`: row[0]})
SET n.`graphcache_edges` = row[1]
FOREACH (edge IN row[2] | MERGE (m:`GraphCacheSpec` {`hash`: edge[0]}) CREATE (n)-[e:`DEPENDS_ON`]->(m) SET e.`types` = edge[1], e.`virtuals` = edge[2])
FOREACH (edge IN row[3] | MERGE (m:`GraphCacheSpec` {`hash`: edge[0]}) CREATE (n)-[e:`SPLICED_FROM`]->(m));
// to an empty database: edges EXTENDS
UNWIND $rows AS row
MATCH (n:`GraphCacheTarget` {`name`: row[0]})
SET n.`graphcache_edges` = row[1]
FOREACH (edge IN row[2] | MERGE (m:`GraphCacheTarget` {`name`: edge[0]}) CREATE (n)-[e:`EXTENDS`]->(m));
// to what is there: Package
UNWIND $rows AS row
MERGE (n:`GraphCachePackage` {`name`: row[0]})
SET n:`Package`, n.`graphcache_digest` = row[1];
// to what is there: Stack
UNWIND $rows AS row
MERGE (n:`GraphCacheStack` {`name`: row[0]})
SET n:`Stack`, n.`graphcache_digest` = row[1];
// to what is there: Compiler
UNWIND $rows AS row
MERGE (n:`GraphCacheCompiler` {`spec`: row[0]})
SET n:`Compiler`, n.`graphcache_digest` = row[1], n.`name` = row[2], n.`version` = row[3];
// to what is there: Target
UNWIND $rows AS row
MERGE (n:`GraphCacheTarget` {`name`: row[0]})
SET n:`Target`, n.`graphcache_digest` = row[1], n.`family` = row[2], n.`vendor` = row[3], n.`generation` = row[4];
// to what is there: Release
UNWIND $rows AS row
MERGE (n:`GraphCacheRelease` {`name`: row[0]})
SET n:`Release`, n.`graphcache_digest` = row[1], n.`date` = row[2];
// to what is there: Spec OF_PACKAGE BUILT_WITH FOR_TARGET IN_STACK IN_RELEASE
UNWIND $rows AS row
MERGE (n:`GraphCacheSpec` {`hash`: row[0]})
SET n:`Spec`, n.`graphcache_digest` = row[1], n.`name` = row[2], n.`version` = row[3], n.`label` = row[4], n.`platform` = row[5], n.`os` = row[6], n.`variants` = row[7], n.`configuration` = row[8], n.`namespace` = row[9], n.`external` = row[10], n.`external_path` = row[11], n.`external_modules` = row[12], n.`flags` = row[13], n.`package_hash` = row[14], n.`original_specfile_version` = row[15], n.`size` = row[16], n.`tarball` = row[17], n.`in_buildcache` = row[18], n.`derived` = row[19], n.`dependencies_known` = row[20]
FOREACH (edge IN row[21] | MERGE (m:`GraphCachePackage` {`name`: edge[0]}) MERGE (n)-[e:`OF_PACKAGE`]->(m))
FOREACH (edge IN row[22] | MERGE (m:`GraphCacheCompiler` {`spec`: edge[0]}) MERGE (n)-[e:`BUILT_WITH`]->(m) SET e.`languages` = edge[1])
FOREACH (edge IN row[23] | MERGE (m:`GraphCacheTarget` {`name`: edge[0]}) MERGE (n)-[e:`FOR_TARGET`]->(m))
FOREACH (edge IN row[24] | MERGE (m:`GraphCacheStack` {`name`: edge[0]}) MERGE (n)-[e:`IN_STACK`]->(m) SET e.`releases` = edge[1], e.`root` = edge[2])
FOREACH (edge IN row[25] | MERGE (m:`GraphCacheRelease` {`name`: edge[0]}) MERGE (n)-[e:`IN_RELEASE`]->(m) SET e.`root` = edge[1]);
// to what is there: edges DEPENDS_ON SPLICED_FROM
UNWIND $rows AS row
MATCH (n:`GraphCacheSpec` {`hash`: row[0]})
SET n.`graphcache_edges` = row[1]
FOREACH (edge IN row[2] | MERGE (m:`GraphCacheSpec` {`hash`: edge[0]}) MERGE (n)-[e:`DEPENDS_ON`]->(m) SET e.`types` = edge[1], e.`virtuals` = edge[2])
FOREACH (edge IN row[3] | MERGE (m:`GraphCacheSpec` {`hash`: edge[0]}) MERGE (n)-[e:`SPLICED_FROM`]->(m));
// to what is there: edges EXTENDS
UNWIND $rows AS row
MATCH (n:`GraphCacheTarget` {`name`: row[0]})
SET n.`graphcache_edges` = row[1]
FOREACH (edge IN row[2] | MERGE (m:`GraphCacheTarget` {`name`: edge[0]}) MERGE (n)-[e:`EXTENDS`]->(m));
// edges were removed: Spec OF_PACKAGE BUILT_WITH FOR_TARGET IN_STACK IN_RELEASE
UNWIND $rows AS key MATCH (n:`GraphCacheSpec` {`hash`: key}) REMOVE n.`graphcache_digest`;
// edges were removed: edges DEPENDS_ON SPLICED_FROM
UNWIND $rows AS key MATCH (n:`GraphCacheSpec` {`hash`: key}) REMOVE n.`graphcache_edges`;
// edges were removed: edges EXTENDS
UNWIND $rows AS key MATCH (n:`GraphCacheTarget` {`name`: key}) REMOVE n.`graphcache_edges`;
// prune OF_PACKAGE
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`OF_PACKAGE`]->(b:`GraphCachePackage`) WHERE a.`hash` = row[0] AND NOT b.`name` IN row[1] DELETE e;
// prune what is twice of OF_PACKAGE
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`OF_PACKAGE`]->(b:`GraphCachePackage`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune BUILT_WITH
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`BUILT_WITH`]->(b:`GraphCacheCompiler`) WHERE a.`hash` = row[0] AND NOT b.`spec` IN row[1] DELETE e;
// prune what is twice of BUILT_WITH
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`BUILT_WITH`]->(b:`GraphCacheCompiler`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune FOR_TARGET
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`FOR_TARGET`]->(b:`GraphCacheTarget`) WHERE a.`hash` = row[0] AND NOT b.`name` IN row[1] DELETE e;
// prune what is twice of FOR_TARGET
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`FOR_TARGET`]->(b:`GraphCacheTarget`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune IN_STACK
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`IN_STACK`]->(b:`GraphCacheStack`) WHERE a.`hash` = row[0] AND NOT b.`name` IN row[1] DELETE e;
// prune what is twice of IN_STACK
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`IN_STACK`]->(b:`GraphCacheStack`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune IN_RELEASE
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`IN_RELEASE`]->(b:`GraphCacheRelease`) WHERE a.`hash` = row[0] AND NOT b.`name` IN row[1] DELETE e;
// prune what is twice of IN_RELEASE
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`IN_RELEASE`]->(b:`GraphCacheRelease`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune DEPENDS_ON
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`DEPENDS_ON`]->(b:`GraphCacheSpec`) WHERE a.`hash` = row[0] AND NOT b.`hash` IN row[1] DELETE e;
// prune what is twice of DEPENDS_ON
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`DEPENDS_ON`]->(b:`GraphCacheSpec`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune SPLICED_FROM
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`SPLICED_FROM`]->(b:`GraphCacheSpec`) WHERE a.`hash` = row[0] AND NOT b.`hash` IN row[1] DELETE e;
// prune what is twice of SPLICED_FROM
UNWIND $rows AS row MATCH (a:`GraphCacheSpec`)-[e:`SPLICED_FROM`]->(b:`GraphCacheSpec`) WHERE a.`hash` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune EXTENDS
UNWIND $rows AS row MATCH (a:`GraphCacheTarget`)-[e:`EXTENDS`]->(b:`GraphCacheTarget`) WHERE a.`name` = row[0] AND NOT b.`name` IN row[1] DELETE e;
// prune what is twice of EXTENDS
UNWIND $rows AS row MATCH (a:`GraphCacheTarget`)-[e:`EXTENDS`]->(b:`GraphCacheTarget`) WHERE a.`name` = row[0] WITH a, b, collect(e) AS same UNWIND tail(same) AS e DELETE e;
// prune Package
UNWIND $rows AS key MATCH (n:`GraphCachePackage` {`name`: key}) MATCH (n)-[e:`OF_PACKAGE`]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e;
// prune Package
UNWIND $rows AS key MATCH (n:`GraphCachePackage` {`name`: key}) WHERE NOT EXISTS { (n)--() } DELETE n;
// prune Package
UNWIND $rows AS key MATCH (n:`GraphCachePackage` {`name`: key}) REMOVE n:`GraphCachePackage`, n.`graphcache_digest`, n.`graphcache_edges`;
// prune Spec
UNWIND $rows AS key MATCH (n:`GraphCacheSpec` {`hash`: key}) MATCH (n)-[e:`OF_PACKAGE`|`BUILT_WITH`|`FOR_TARGET`|`IN_STACK`|`IN_RELEASE`|`DEPENDS_ON`|`SPLICED_FROM`|`AFFECTS`]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e;
// prune Spec
UNWIND $rows AS key MATCH (n:`GraphCacheSpec` {`hash`: key}) WHERE NOT EXISTS { (n)--() } DELETE n;
// prune Spec
UNWIND $rows AS key MATCH (n:`GraphCacheSpec` {`hash`: key}) REMOVE n:`GraphCacheSpec`, n.`graphcache_digest`, n.`graphcache_edges`;
// prune Stack
UNWIND $rows AS key MATCH (n:`GraphCacheStack` {`name`: key}) MATCH (n)-[e:`IN_STACK`]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e;
// prune Stack
UNWIND $rows AS key MATCH (n:`GraphCacheStack` {`name`: key}) WHERE NOT EXISTS { (n)--() } DELETE n;
// prune Stack
UNWIND $rows AS key MATCH (n:`GraphCacheStack` {`name`: key}) REMOVE n:`GraphCacheStack`, n.`graphcache_digest`, n.`graphcache_edges`;
// prune Compiler
UNWIND $rows AS key MATCH (n:`GraphCacheCompiler` {`spec`: key}) MATCH (n)-[e:`BUILT_WITH`]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e;
// prune Compiler
UNWIND $rows AS key MATCH (n:`GraphCacheCompiler` {`spec`: key}) WHERE NOT EXISTS { (n)--() } DELETE n;
// prune Compiler
UNWIND $rows AS key MATCH (n:`GraphCacheCompiler` {`spec`: key}) REMOVE n:`GraphCacheCompiler`, n.`graphcache_digest`, n.`graphcache_edges`;
// prune Target
UNWIND $rows AS key MATCH (n:`GraphCacheTarget` {`name`: key}) MATCH (n)-[e:`FOR_TARGET`|`EXTENDS`]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e;
// prune Target
UNWIND $rows AS key MATCH (n:`GraphCacheTarget` {`name`: key}) WHERE NOT EXISTS { (n)--() } DELETE n;
// prune Target
UNWIND $rows AS key MATCH (n:`GraphCacheTarget` {`name`: key}) REMOVE n:`GraphCacheTarget`, n.`graphcache_digest`, n.`graphcache_edges`;
// prune Release
UNWIND $rows AS key MATCH (n:`GraphCacheRelease` {`name`: key}) MATCH (n)-[e:`IN_RELEASE`]-(m) WHERE any(l IN labels(m) WHERE l IN $own) DELETE e;
// prune Release
UNWIND $rows AS key MATCH (n:`GraphCacheRelease` {`name`: key}) WHERE NOT EXISTS { (n)--() } DELETE n;
// prune Release
UNWIND $rows AS key MATCH (n:`GraphCacheRelease` {`name`: key}) REMOVE n:`GraphCacheRelease`, n.`graphcache_digest`, n.`graphcache_edges`;
// what is there: Package
MATCH (n:`GraphCachePackage`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: Package
MATCH (n:`GraphCachePackage`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: Stack
MATCH (n:`GraphCacheStack`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: Stack
MATCH (n:`GraphCacheStack`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: Compiler
MATCH (n:`GraphCacheCompiler`) WITH n.`spec` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: Compiler
MATCH (n:`GraphCacheCompiler`) WITH n.`spec` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: Target
MATCH (n:`GraphCacheTarget`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: Target
MATCH (n:`GraphCacheTarget`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: Release
MATCH (n:`GraphCacheRelease`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: Release
MATCH (n:`GraphCacheRelease`) WITH n.`name` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: Spec OF_PACKAGE BUILT_WITH FOR_TARGET IN_STACK IN_RELEASE
MATCH (n:`GraphCacheSpec`) WITH n.`hash` AS key, n.`graphcache_digest` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: Spec OF_PACKAGE BUILT_WITH FOR_TARGET IN_STACK IN_RELEASE
MATCH (n:`GraphCacheSpec`) WITH n.`hash` AS key, n.`graphcache_digest` AS digest, COUNT { (n)-[:`OF_PACKAGE`]->(:`GraphCachePackage`) } + COUNT { (n)-[:`BUILT_WITH`]->(:`GraphCacheCompiler`) } + COUNT { (n)-[:`FOR_TARGET`]->(:`GraphCacheTarget`) } + COUNT { (n)-[:`IN_STACK`]->(:`GraphCacheStack`) } + COUNT { (n)-[:`IN_RELEASE`]->(:`GraphCacheRelease`) } AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: edges DEPENDS_ON SPLICED_FROM
MATCH (n:`GraphCacheSpec`) WITH n.`hash` AS key, n.`graphcache_edges` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: edges DEPENDS_ON SPLICED_FROM
MATCH (n:`GraphCacheSpec`) WITH n.`hash` AS key, n.`graphcache_edges` AS digest, COUNT { (n)-[:`DEPENDS_ON`]->(:`GraphCacheSpec`) } + COUNT { (n)-[:`SPLICED_FROM`]->(:`GraphCacheSpec`) } AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there: edges EXTENDS
MATCH (n:`GraphCacheTarget`) WITH n.`name` AS key, n.`graphcache_edges` AS digest, 0 AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// what is there, with edges: edges EXTENDS
MATCH (n:`GraphCacheTarget`) WITH n.`name` AS key, n.`graphcache_edges` AS digest, COUNT { (n)-[:`EXTENDS`]->(:`GraphCacheTarget`) } AS edges WITH left(toStringOrNull(key), 2) AS start, collect([key, digest, edges]) AS found RETURN found;
// count all
RETURN COUNT { (:`GraphCachePackage`) }, COUNT { (:`GraphCacheSpec`) }, COUNT { (:`GraphCacheStack`) }, COUNT { (:`GraphCacheCompiler`) }, COUNT { (:`GraphCacheTarget`) }, COUNT { (:`GraphCacheRelease`) }, COUNT { ()-[:`OF_PACKAGE`]->() }, COUNT { (:`GraphCacheSpec`)-[:`OF_PACKAGE`]->() }, COUNT { ()-[:`OF_PACKAGE`]->(:`GraphCachePackage`) }, COUNT { ()-[:`BUILT_WITH`]->() }, COUNT { (:`GraphCacheSpec`)-[:`BUILT_WITH`]->() }, COUNT { ()-[:`BUILT_WITH`]->(:`GraphCacheCompiler`) }, COUNT { ()-[:`FOR_TARGET`]->() }, COUNT { (:`GraphCacheSpec`)-[:`FOR_TARGET`]->() }, COUNT { ()-[:`FOR_TARGET`]->(:`GraphCacheTarget`) }, COUNT { ()-[:`IN_STACK`]->() }, COUNT { (:`GraphCacheSpec`)-[:`IN_STACK`]->() }, COUNT { ()-[:`IN_STACK`]->(:`GraphCacheStack`) }, COUNT { ()-[:`IN_RELEASE`]->() }, COUNT { (:`GraphCacheSpec`)-[:`IN_RELEASE`]->() }, COUNT { ()-[:`IN_RELEASE`]->(:`GraphCacheRelease`) }, COUNT { ()-[:`DEPENDS_ON`]->() }, COUNT { (:`GraphCacheSpec`)-[:`DEPENDS_ON`]->() }, COUNT { ()-[:`DEPENDS_ON`]->(:`GraphCacheSpec`) }, COUNT { ()-[:`SPLICED_FROM`]->() }, COUNT { (:`GraphCacheSpec`)-[:`SPLICED_FROM`]->() }, COUNT { ()-[:`SPLICED_FROM`]->(:`GraphCacheSpec`) }, COUNT { ()-[:`EXTENDS`]->() }, COUNT { (:`GraphCacheTarget`)-[:`EXTENDS`]->() }, COUNT { ()-[:`EXTENDS`]->(:`GraphCacheTarget`) };
// count OF_PACKAGE
MATCH (a:`GraphCacheSpec`)-[e:`OF_PACKAGE`]->(b:`GraphCachePackage`) RETURN count(e);
// count BUILT_WITH
MATCH (a:`GraphCacheSpec`)-[e:`BUILT_WITH`]->(b:`GraphCacheCompiler`) RETURN count(e);
// count FOR_TARGET
MATCH (a:`GraphCacheSpec`)-[e:`FOR_TARGET`]->(b:`GraphCacheTarget`) RETURN count(e);
// count IN_STACK
MATCH (a:`GraphCacheSpec`)-[e:`IN_STACK`]->(b:`GraphCacheStack`) RETURN count(e);
// count IN_RELEASE
MATCH (a:`GraphCacheSpec`)-[e:`IN_RELEASE`]->(b:`GraphCacheRelease`) RETURN count(e);
// count DEPENDS_ON
MATCH (a:`GraphCacheSpec`)-[e:`DEPENDS_ON`]->(b:`GraphCacheSpec`) RETURN count(e);
// count SPLICED_FROM
MATCH (a:`GraphCacheSpec`)-[e:`SPLICED_FROM`]->(b:`GraphCacheSpec`) RETURN count(e);
// count EXTENDS
MATCH (a:`GraphCacheTarget`)-[e:`EXTENDS`]->(b:`GraphCacheTarget`) RETURN count(e);
// read Package
MATCH (x:`GraphCachePackage`) RETURN x.`name` AS `name`;
// read Spec
MATCH (x:`GraphCacheSpec`) RETURN x.`hash` AS `hash`, x.`name` AS `name`, x.`version` AS `version`, x.`label` AS `label`, x.`platform` AS `platform`, x.`os` AS `os`, x.`variants` AS `variants`, x.`configuration` AS `configuration`, x.`namespace` AS `namespace`, x.`external` AS `external`, x.`external_path` AS `external_path`, x.`external_modules` AS `external_modules`, x.`flags` AS `flags`, x.`package_hash` AS `package_hash`, x.`original_specfile_version` AS `original_specfile_version`, x.`size` AS `size`, x.`tarball` AS `tarball`, x.`in_buildcache` AS `in_buildcache`, x.`derived` AS `derived`, x.`dependencies_known` AS `dependencies_known`;
// read Stack
MATCH (x:`GraphCacheStack`) RETURN x.`name` AS `name`;
// read Compiler
MATCH (x:`GraphCacheCompiler`) RETURN x.`spec` AS `spec`, x.`name` AS `name`, x.`version` AS `version`;
// read Target
MATCH (x:`GraphCacheTarget`) RETURN x.`name` AS `name`, x.`family` AS `family`, x.`vendor` AS `vendor`, x.`generation` AS `generation`;
// read Release
MATCH (x:`GraphCacheRelease`) RETURN x.`name` AS `name`, x.`date` AS `date`;
// read OF_PACKAGE
MATCH (a:`GraphCacheSpec`)-[x:`OF_PACKAGE`]->(b:`GraphCachePackage`) RETURN a.`hash` AS `from`, b.`name` AS `to`;
// read BUILT_WITH
MATCH (a:`GraphCacheSpec`)-[x:`BUILT_WITH`]->(b:`GraphCacheCompiler`) RETURN a.`hash` AS `from`, b.`spec` AS `to`, x.`languages` AS `languages`;
// read FOR_TARGET
MATCH (a:`GraphCacheSpec`)-[x:`FOR_TARGET`]->(b:`GraphCacheTarget`) RETURN a.`hash` AS `from`, b.`name` AS `to`;
// read IN_STACK
MATCH (a:`GraphCacheSpec`)-[x:`IN_STACK`]->(b:`GraphCacheStack`) RETURN a.`hash` AS `from`, b.`name` AS `to`, x.`releases` AS `releases`, x.`root` AS `root`;
// read IN_RELEASE
MATCH (a:`GraphCacheSpec`)-[x:`IN_RELEASE`]->(b:`GraphCacheRelease`) RETURN a.`hash` AS `from`, b.`name` AS `to`, x.`root` AS `root`;
// read DEPENDS_ON
MATCH (a:`GraphCacheSpec`)-[x:`DEPENDS_ON`]->(b:`GraphCacheSpec`) RETURN a.`hash` AS `from`, b.`hash` AS `to`, x.`types` AS `types`, x.`virtuals` AS `virtuals`;
// read SPLICED_FROM
MATCH (a:`GraphCacheSpec`)-[x:`SPLICED_FROM`]->(b:`GraphCacheSpec`) RETURN a.`hash` AS `from`, b.`hash` AS `to`;
// read EXTENDS
MATCH (a:`GraphCacheTarget`)-[x:`EXTENDS`]->(b:`GraphCacheTarget`) RETURN a.`name` AS `from`, b.`name` AS `to`;
