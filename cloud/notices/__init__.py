"""What leaves the house: who is told what, in which words, by which way, and the links in it."""
