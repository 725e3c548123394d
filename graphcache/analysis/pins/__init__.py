"""What becomes of a graph where packages are held to one choice: `unify` and `--what-if`."""
