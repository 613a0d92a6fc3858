"""Credentials: certificate paths, time-stamps and the anchors they must lead to."""
