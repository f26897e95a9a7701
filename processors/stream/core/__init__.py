"""The pure rules of the stream shell."""
