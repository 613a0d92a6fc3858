"""One folder that installs Assay on a machine without a network. The one part that uses pip."""
