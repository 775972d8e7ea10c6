"""What is written from the records of a crawl for people and other programs."""
