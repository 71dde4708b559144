"""The node: what the chain recorded, in a database that pages and programs can ask; never a source of truth.

Everything in it follows from the chain and can be thrown away and made again. It imports the rest of the package and is
imported by the command line only. Needs the extra ``node``.
"""
