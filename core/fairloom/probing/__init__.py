"""Behavioural suites: families with expected relations, held against a model."""
