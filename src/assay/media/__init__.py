"""Decode once: type by content, metadata slots, planes. Runs inside the sandbox."""
