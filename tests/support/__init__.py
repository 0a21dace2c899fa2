"""Helpers of the tests: a browser, a database server, made-up classes and downloads."""
