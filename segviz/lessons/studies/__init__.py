"""Experiments too long for a notebook cell: each is a command that remakes the results stored beside it."""
