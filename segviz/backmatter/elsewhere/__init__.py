"""The same layer in other frameworks: what was measured there, and the page made of it.

`measured.json` is written by `make elsewhere`, which runs the programs of `benchmarks/elsewhere` in environments of
their own; nobody edits it. `trials` says at which settings and what PyTorch makes of them, `data` reads the file and
holds it to today's PyTorch, `page` sets it.
"""
