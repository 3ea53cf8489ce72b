"""What people see: results in a terminal."""
