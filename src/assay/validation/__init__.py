"""A known-answer set, run through the real pipeline, and the record of it for a laboratory."""
