"""Pictures that answer a question: a fragment of HTML for a server, or a page by itself."""
