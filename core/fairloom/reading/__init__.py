"""From TOML to the recipe model: files, layers, places, strict structure, checks, schema."""
