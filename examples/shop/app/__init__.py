"""shop: takes orders over HTTP, keeps them in PostgreSQL and processes them in a worker."""
