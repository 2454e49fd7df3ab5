"""What stands between components and language models: the journal of all answers, the limits of a run, replay."""
