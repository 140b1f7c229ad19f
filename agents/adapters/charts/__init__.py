"""The cost comparison as pictures, and in words for those who do not see them."""
