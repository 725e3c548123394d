"""The join as SQL: what `tables/join.py` does, as statements that no memory has to hold.

The columns come from the declaration, and nothing of the data ever goes into the text. Names stand
in brackets, for which `quoted` puts quotes. What DuckDB says in its own way are the `FUNCTIONS`;
all else is SQL that others run too. Lists are texts joined by `SEPARATOR`, as in facts, until the
tables are made.

DuckDB gives the views `all_spec_facts`, `all_said` and `all_depends_on_facts`, the same without
`all_`, which may be of a part of a lake alone (`increments.py`), and two small tables: `patched`,
with the whole variants of packages where patches are cut, and `shown`, with variants as pages show
them. `STEPS` are run in their order, and `TABLES` are then selected.
"""

from __future__ import annotations

from graphcache.schema import EdgeType, NodeType, Property, edge_type, node_type
from graphcache.spack.compilers import LANGUAGES
from graphcache.tables.columns import key_columns
from graphcache.tables.facts import SPEC_FACTS
from graphcache.tables.join import IDENTITY
from graphcache.tables.said import PAGE_CLAIM

_SPEC = node_type("Spec")
_OTHERS = tuple(name for name in SPEC_FACTS.names if name != "hash")
_FLAGS = frozenset(field.name for field in SPEC_FACTS if str(field.type) == "bool")
_FIELD = "chr(30)"


_LANGUAGE_LIST = ", ".join(f"'{name}'" for name in sorted(LANGUAGES))

FUNCTIONS = (
    "CREATE OR REPLACE TEMP MACRO gc_list(t) AS CASE WHEN t IS NULL THEN NULL "
    "WHEN t = '' THEN CAST([] AS VARCHAR[]) ELSE string_split(t, chr(31)) END",
    "CREATE OR REPLACE TEMP MACRO gc_text(l) AS array_to_string(l, chr(31))",
    "CREATE OR REPLACE TEMP MACRO gc_sha(t) AS substring(sha256(t), 1, 16)",
    "CREATE OR REPLACE TEMP MACRO gc_sort(l) AS list_sort(list_distinct(l))",
    "CREATE OR REPLACE TEMP MACRO gc_union(l) AS list_sort(list_distinct(flatten(l)))",
    "CREATE OR REPLACE TEMP MACRO gc_languages(l) AS "
    f"list_sort(list_intersect(l, [{_LANGUAGE_LIST}]))",
)
"""Statements that define `gc_…`, as DuckDB takes them."""


def quoted(text: str) -> str:
    """A statement with its names in quotes.

    >>> quoted("SELECT [from] FROM needs")
    'SELECT "from" FROM needs'
    """
    return text.replace("[", '"').replace("]", '"')


def order_by(type_: NodeType | EdgeType) -> str:
    """How the rows of a table are ordered."""
    return "ORDER BY " + ", ".join(f"[{name}]" for name in key_columns(type_))


def _columns(names: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(f"{prefix}[{name}]" for name in names)


def _best(name: str) -> str:
    """Of flags the true one is kept, of all else the least; null where nobody knows."""
    return f"{'bool_or' if name in _FLAGS else 'min'}([{name}])"


def _other(name: str) -> str:
    """What contradicts what is kept."""
    return f"{'bool_and' if name in _FLAGS else 'max'}([{name}])"


_ALL = ("hash", *_OTHERS)
_KEPT = ",\n  ".join(f"{_best(name)} AS [{name}]" for name in _OTHERS)
_CONTRADICTED = ",\n  ".join(
    f"CASE WHEN {_best(name)} <> {_other(name)} THEN {_other(name)} END AS [other_{name}]"
    for name in IDENTITY
)
_WITH_PATCHES = ", ".join(
    "coalesce(p.whole, f.[variants]) AS [variants]" if name == "variants" else f"f.[{name}]"
    for name in _ALL
)
_FILLED = ", ".join(
    "coalesce(s.[compilers], l.[compilers]) AS [compilers]"
    if name == "compilers"
    else f"s.[{name}]"
    for name in _ALL
)
COMPILES = " OR ".join(
    f"array_contains(gc_list([virtuals]), '{name}')" for name in sorted(LANGUAGES)
)

STEPS: dict[str, str] = {
    # Where a spec is described, what others call it is passed over.
    "named": f"SELECT DISTINCT {_columns(_ALL)} FROM spec_facts WHERE [version] IS NULL",
    "described_names": """
SELECT [hash], min([name]) AS [name] FROM spec_facts
WHERE [version] IS NOT NULL AND [hash] IN (SELECT [hash] FROM named) GROUP BY [hash]""",
    "distinct_specs": f"""
SELECT DISTINCT {_WITH_PATCHES} FROM (
  SELECT {_columns(_ALL)} FROM spec_facts WHERE [version] IS NOT NULL
  UNION ALL
  SELECT {_columns(_ALL, "n.")} FROM named n LEFT JOIN described_names d ON d.[hash] = n.[hash]
  WHERE d.[hash] IS NULL
) f LEFT JOIN patched p ON p.[name] = f.[name] AND p.[variants] = f.[variants]""",
    "said_twice": "SELECT [hash] FROM distinct_specs GROUP BY [hash] HAVING count(*) > 1",
    "united_specs": f"""
SELECT [hash],
  {_KEPT},
  {_CONTRADICTED}
FROM distinct_specs WHERE [hash] IN (SELECT [hash] FROM said_twice) GROUP BY [hash]""",
    "joined_specs": f"""
SELECT {_columns(_ALL, "f.")} FROM distinct_specs f LEFT JOIN said_twice t ON t.[hash] = f.[hash]
WHERE t.[hash] IS NULL
UNION ALL
SELECT {_columns(_ALL)} FROM united_specs""",
    "needs": """
SELECT [from], [to], min([types]) AS [types], min([virtuals]) AS [virtuals],
  coalesce(min([types]) <> max([types]), FALSE)
    OR coalesce(min([virtuals]) <> max([virtuals]), FALSE) AS differ
FROM depends_on_facts GROUP BY [from], [to]""",
    "joined_depends_on": """
SELECT [from], [to], [types], [virtuals] FROM needs WHERE NOT differ
UNION ALL
SELECT f.[from], f.[to],
  gc_text(gc_union(array_agg(gc_list(f.[types])) FILTER (WHERE f.[types] IS NOT NULL))) AS [types],
  gc_text(gc_union(array_agg(gc_list(f.[virtuals])) FILTER (WHERE f.[virtuals] IS NOT NULL)))
    AS [virtuals]
FROM depends_on_facts f JOIN needs n ON n.[from] = f.[from] AND n.[to] = f.[to]
WHERE n.differ GROUP BY f.[from], f.[to]""",
    # A spliced spec, whose own needs are other ones, is compiled as its build was.
    "compiled_by": f"""
SELECT [from], [to], [virtuals] FROM joined_depends_on
WHERE array_contains(gc_list([types]), 'build') AND ({COMPILES})""",
    "languages": """
SELECT c.spec, s.[name] || '@' || s.[version] AS compiler,
  gc_languages(gc_union(array_agg(gc_list(c.[virtuals])))) AS languages
FROM (
  SELECT [from] AS spec, [to], [virtuals] FROM compiled_by
  UNION ALL
  SELECT b.[hash] AS spec, d.[to], d.[virtuals]
  FROM joined_specs b JOIN compiled_by d ON d.[from] = b.[spliced_from]
  WHERE b.[spliced_from] IS NOT NULL
) c JOIN joined_specs s ON s.[hash] = c.[to]
WHERE s.[name] IS NOT NULL AND s.[version] IS NOT NULL
GROUP BY c.spec, s.[name] || '@' || s.[version]""",
    "filled_specs": f"""
SELECT {_FILLED} FROM joined_specs s LEFT JOIN (
  SELECT spec, gc_text(gc_sort(array_agg(compiler))) AS [compilers] FROM languages GROUP BY spec
) l ON l.spec = s.[hash]""",
}
"""What is made one after the other, by name."""


def _spec_property(property_: Property) -> str:
    name = property_.name
    if name == "label":
        return "coalesce(f.[version], '?') || '/' || substring(f.[hash], 1, 7) AS [label]"
    if name == "configuration":
        seen = ("name", "version", "platform", "os", "target", "compilers")
        texts = [f"coalesce(f.[{one}], '')" for one in seen]
        texts.append("coalesce(h.shown, f.[variants], '')")
        return f"gc_sha({f' || {_FIELD} || '.join(texts)}) AS [configuration]"
    if property_.type == "list of text":
        return f"gc_list(f.[{name}]) AS [{name}]"
    return f"f.[{name}]"


def _list_or_plain(property_: Property) -> str:
    name = property_.name
    return f"gc_list([{name}]) AS [{name}]" if property_.type == "list of text" else f"[{name}]"


_DEPENDS_ON = ", ".join(map(_list_or_plain, edge_type("DEPENDS_ON").properties))

TABLES: dict[str, str] = {
    "Spec": f"""
SELECT {", ".join(map(_spec_property, _SPEC.properties))}
FROM filled_specs f LEFT JOIN shown h ON h.[variants] = f.[variants]""",
    "OF_PACKAGE": "SELECT [hash] AS [from], [name] AS [to] FROM filled_specs",
    "BUILT_WITH": """
SELECT e.[from], e.[to], l.languages AS [languages] FROM (
  SELECT [from], unnest(named) AS [to] FROM (
    SELECT [hash] AS [from], gc_list([compilers]) AS named FROM filled_specs
    WHERE [compilers] IS NOT NULL
  ) n
) e LEFT JOIN languages l ON l.spec = e.[from] AND l.compiler = e.[to]""",
    "FOR_TARGET": "SELECT [hash] AS [from], [target] AS [to] FROM filled_specs "
    "WHERE [target] IS NOT NULL",
    "IN_STACK": """
SELECT [hash] AS [from], [stack] AS [to],
  gc_list(coalesce(gc_text(gc_sort(
    array_agg([in_release]) FILTER (WHERE [in_release] IS NOT NULL)
  )), '')) AS [releases],
  bool_or([root]) AS [root]
FROM said WHERE [stack] IS NOT NULL GROUP BY [hash], [stack]""",
    "IN_RELEASE": """
SELECT [hash] AS [from], [in_release] AS [to], bool_or([listed]) AS [root]
FROM said WHERE [in_release] IS NOT NULL GROUP BY [hash], [in_release]""",
    "DEPENDS_ON": f"SELECT [from], [to], {_DEPENDS_ON} FROM joined_depends_on",
    "SPLICED_FROM": "SELECT [hash] AS [from], [spliced_from] AS [to] FROM filled_specs "
    "WHERE [spliced_from] IS NOT NULL",
}
"""The tables of specs and of what they are in; those of what these name are made of them."""

NAMED = {
    "Package": "OF_PACKAGE",
    "Stack": "IN_STACK",
    "Compiler": "BUILT_WITH",
    "Target": "FOR_TARGET",
    "Release": "IN_RELEASE",
}
"""The types of nodes that are named by edges, with these."""

PATCHED = """
SELECT DISTINCT [name], [variants] FROM all_spec_facts WHERE contains([variants], 'patches=')"""
CALLED_OTHERWISE = """
SELECT DISTINCT n.[hash], d.[name] AS described, n.[name] AS called
FROM named n JOIN described_names d ON d.[hash] = n.[hash] WHERE n.[name] <> d.[name]
ORDER BY 1, 3"""
CONTRADICTIONS = {
    name: f"SELECT [hash], [{name}], [other_{name}] FROM united_specs "
    f"WHERE [other_{name}] IS NOT NULL ORDER BY 1"
    for name in IDENTITY
}
"""By property, who is said two things of."""

_PLACED = (
    "SELECT DISTINCT [hash], [name], [stack], coalesce([in_release], '') AS [release] FROM all_said"
)
_BY_PAGE = f"{_PLACED} WHERE [stack] IS NOT NULL AND [claim] LIKE '{PAGE_CLAIM}%'"
_BY_LIST = f"{_PLACED} WHERE [stack] IS NOT NULL AND [claim] NOT LIKE '{PAGE_CLAIM}%'"


HAVE_MEMBERS = tuple(f"SELECT 1 FROM ({text}) m LIMIT 1" for text in (_BY_PAGE, _BY_LIST))
"""Whether pages, and whether other files, say of any spec that it is in a stack."""


def disagreements(*, by_pages: bool) -> str:
    """Specs that are in a stack by pages and not by its index, or the other way round.

    `claimed` has the names and releases of what is compared.
    """
    ours, others = (_BY_PAGE, _BY_LIST) if by_pages else (_BY_LIST, _BY_PAGE)
    named = "stack" if by_pages else "name"
    return f"""
SELECT o.[stack], o.[release], count(DISTINCT o.[hash]), min(o.[hash])
FROM ({ours}) o
JOIN claimed c ON c.[name] = o.[{named}] AND c.[release] = o.[release]
LEFT JOIN ({others}) t
  ON t.[hash] = o.[hash] AND t.[stack] = o.[stack] AND t.[release] = o.[release]
WHERE t.[hash] IS NULL GROUP BY o.[stack], o.[release] ORDER BY o.[stack], o.[release]"""
