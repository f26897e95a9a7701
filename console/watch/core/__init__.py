"""The pure maths of looking on."""
