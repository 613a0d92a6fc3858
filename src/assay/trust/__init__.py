"""Whom Assay believes: anchors, the path from a signature to one of them, and proven times.

Knows certificates, COSE and RFC 3161; knows nothing of pictures, cases or levels of evidence.
"""
