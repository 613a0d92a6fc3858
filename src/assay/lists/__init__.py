"""Comparing perceptual hashes. Knows numbers alone: no case, no file."""
