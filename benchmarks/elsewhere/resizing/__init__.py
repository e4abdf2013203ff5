"""Programs of this topic, one a framework."""
