"""The SQL of the pipeline as lists, under the names that older scripts import.

The statements live in sparkify/sql/, a folder per table; edit them there. Parameters
are written `:name`. Copying is the engine's; what stands here decides which records it
accepts.
"""

from sparkify.models import load_models

_models = load_models()

create_table_queries = [sql for table in _models.tables for sql in table.create]
drop_table_queries = [
    f"drop table if exists {table.full_name}" for table in reversed(_models.tables)
]
copy_table_queries = [table.judge for table in _models.tables if table.judge]
insert_table_queries = [sql for table in _models.transform for sql in table.load]
