"""What the door decides, as pure functions of bytes, a catalogue and a clock that is handed in."""
