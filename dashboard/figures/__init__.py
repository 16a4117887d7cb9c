"""Figures: pure functions of frames and a palette."""
