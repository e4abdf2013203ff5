"""Networks computed in the page: no kernel, no server.

In reading order: `sizes` (numbers that follow the picture's size), `operations` (what can be computed, step by step),
`program` (a network as data, read off the module while it runs), `packing` (the file of a network).
"""
