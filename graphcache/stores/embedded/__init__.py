"""The embedded store: one LadybugDB file."""
