"""The lists of URLs that a crawl is given: read in batches, and fed to the frontier beside the crawl."""
