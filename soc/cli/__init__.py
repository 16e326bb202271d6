"""The command line: one module per noun, verbs thin. The clock is read here and nowhere else."""
