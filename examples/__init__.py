"""Examples on public data. They use the package as anybody can; nothing in the package knows of them."""
