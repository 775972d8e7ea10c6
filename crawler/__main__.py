"""`python -m crawler` is `crawler`."""

from crawler.cli.main import main

if __name__ == "__main__":
    main()
