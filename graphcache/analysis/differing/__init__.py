"""In what specs differ, and why the same was built again: `diff /a /b` and `rebuilds`."""
