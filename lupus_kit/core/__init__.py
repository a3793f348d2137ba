"""What every room stands on: errors, seeds, files, and tables whose cells are read strictly. It imports nothing else of the kit."""
