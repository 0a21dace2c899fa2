"""What everything else stands on: plain data, numbers, exercises, calls of a student's function, the wire protocol."""
