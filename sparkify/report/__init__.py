"""What people see: results in a terminal, and as files."""
