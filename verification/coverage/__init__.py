"""What the suite reaches of the Vyper sources: lines, and both outcomes of every condition."""
