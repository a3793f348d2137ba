"""What every room stands on: errors, seeds, files and strictly read cells. It imports nothing else of the kit."""
