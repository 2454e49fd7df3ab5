"""fairloom: balanced, reproducible, audited synthetic datasets."""
