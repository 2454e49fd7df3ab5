"""From a file of real rows to counts: what its columns hold, how they go together, how its texts are written.

Three passes over the file, in batches: survey the columns, measure lengths and numbers, count. What is kept are
counts: no row, no text, and no value that stands in fewer rows than asked for.
"""
