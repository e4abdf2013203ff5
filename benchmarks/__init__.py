"""The book's figures: how fast, how light, and how the package stands beside its peers. See README.md here."""
