"""nbgrader's gradebook: the connection, its one writer, late penalties, migration."""
