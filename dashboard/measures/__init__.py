"""The frames behind the pages: pure functions of results, no page and no figure in them."""
