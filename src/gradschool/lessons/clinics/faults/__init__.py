"""The faults of the clinics, which a kernel that is being graded has not: one module a chapter."""
