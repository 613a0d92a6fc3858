"""One module per check; see assay.core.contract."""
