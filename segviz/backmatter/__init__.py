"""What stands at the end of the book: messages and their mends, printed numbers beside computed ones, all networks.

Nothing here is typed that can be run. Words are in the TOML files; messages, numbers and verdicts come from running
what stands beside them, when the book is built and again when it is tested. `directives` sets them on the pages.
"""
