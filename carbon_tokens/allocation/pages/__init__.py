"""Pages of sections, texts, tables and pictures, as HTML or PDF: reports of a fleet and statements of its customers."""
