"""What lies elsewhere: addresses, downloads over HTTP, and the folder that keeps them."""
