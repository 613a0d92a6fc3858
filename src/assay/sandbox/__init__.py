"""The sealed worker pool: hostile bytes are parsed only in here."""
