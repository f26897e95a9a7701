"""The door sink: what each ingress rejected, from `weir.door` into door_tallies."""
