"""What is seen of a crawl: the display, the log, the rates."""
