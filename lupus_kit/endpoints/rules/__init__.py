"""The rules of response, low activity, flare and the kidney, one file each."""
