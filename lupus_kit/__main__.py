"""Run the command line as ``python -m lupus_kit``."""

from lupus_kit.cli import main

if __name__ == "__main__":
    main()
