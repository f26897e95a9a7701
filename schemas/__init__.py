"""What crosses a process boundary, and the pure rules on which two processes must agree."""
