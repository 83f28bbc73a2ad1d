"""From specs to trajectories: runs in batches on several threads, within the memory that there is."""
