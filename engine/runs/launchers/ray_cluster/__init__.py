"""Workers on a Ray cluster: detached actors, and one desk beside the database that reads and writes for them."""
