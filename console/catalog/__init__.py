"""The catalogue as people write it: YAML in, checked meters out, with every fault and its line."""
