"""The planning cycle of CIOs and chief procurement officers: together from the start, or one after the other."""
