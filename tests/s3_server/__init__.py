"""A real S3 server for tests, made from s3proxy's own jars; see `server`."""
