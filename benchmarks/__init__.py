"""One script a budget of the design; `measure` of each gives its row."""
