"""Speed as ratios: soc beside a peer or a baseline measured in the same run. See README.md."""
