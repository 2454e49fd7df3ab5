"""From annotated real rows to templates and value tables."""
