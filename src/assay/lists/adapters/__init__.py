"""What reads the formats of known-hash lists, one module a format."""
