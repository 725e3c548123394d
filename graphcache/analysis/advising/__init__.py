"""From advisories to the specs that they touch: names, versions, and what depends on them."""
