"""The library: stories that users know, each a study with its scenarios, expected results and a page in docs."""
