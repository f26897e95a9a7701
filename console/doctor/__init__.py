"""Looks at all that an installation rests on, and says what is wrong and what to do."""
