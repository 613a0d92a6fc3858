"""Where evidence comes from: each module turns a source into items to read, read-only."""
