"""A client of Goldenhour that was written from PROTOCOL.md alone, with nothing but Python's standard library."""
