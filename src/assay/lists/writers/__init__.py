"""What writes entries of known-hash lists in the formats that others read."""
