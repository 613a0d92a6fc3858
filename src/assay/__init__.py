"""Assay finds the files that could show a real person who needs help, and says on what evidence."""

__version__ = "0.1.0"
