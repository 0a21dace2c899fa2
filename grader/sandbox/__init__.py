"""The sandbox around a student's kernel: bubblewrap, system calls, resource limits."""
