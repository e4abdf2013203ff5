"""Networks computed in the page: no kernel, no server.

In reading order, in Python: `sizes` (numbers that follow the picture's size), `operations` (what can be computed, step
by step), `recording` (a module's steps, written down while it runs), `running` (the steps done by PyTorch), `program`
(a network as data, tried against the module), `packing` (the file of a network). In JavaScript: `parse.js` (that file
read), `sizes.js` (every map's size), `reference.js` (each operation, plainly), `nearest.js` (Python's words for a name
that is not known), `execute.js` (a network run on a picture).

The fast form of the same: `kernels.c` (the operations in C, compiled to WebAssembly by `kernels.py`), `fusing.js`
(steps put together), `layout.js` (where each map lies), `convolutions.js` and `parts.js` (what the kernels are told),
`room.js` (the memory), `fast.js` (a network run on a picture).

On a page: `files` (the engine's and the networks' files in the book), `client.js` (the page loads them, and asks),
`service.js` (the worker answers), `answers.js` and `quantize.js` (as a kernel would answer the explorer).
"""
