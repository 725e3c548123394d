"""Views: answers and progress, for people on a terminal and for programs in a pipe."""
