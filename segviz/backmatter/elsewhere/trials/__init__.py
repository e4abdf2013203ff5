"""What is tried of each topic: `KINDS` of PyTorch's layers, their settings, inputs, and PyTorch's own results.

The programs of `benchmarks/elsewhere` run at these settings; the book's build runs PyTorch at them again.
"""

TOPICS = ("transposed", "windows", "unpooling", "resizing", "scores")
