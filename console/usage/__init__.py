"""Usage as people ask for it: hours summed to windows, late events beside, and how complete it is."""
