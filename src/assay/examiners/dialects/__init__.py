"""How generators write down what they did: one module per dialect, joined by ``table``.

``texts`` turns metadata slots into named texts, ``table`` says which dialect reads which of them,
``fit`` weighs a record against the file. To add a tool: one module and one row.
"""
