"""From a recipe to a run folder: set up, weave parts, settle, measure, write down."""
