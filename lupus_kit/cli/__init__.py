"""The command line, one file a command: ``lupus-kit --help`` lists them.

Whatever is wrong with the input is said on stderr, one line for each problem, with exit code 2. A finding about the
paper is not an error. A notebook or an installation that fails is exit code 1; so is a fault of the kit, with its traceback.
"""

from lupus_kit.cli.app import app, main

__all__ = ["app", "main"]
