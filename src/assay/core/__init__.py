"""The words of the domain as frozen types. Standard library only; imports nothing else of Assay."""
