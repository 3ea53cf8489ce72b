"""The report as a page: served to browsers, or as one file.

`page` makes a page of a report's Document, `figures` its charts, `static` writes it
into a file, `server` answers requests with it.
"""
