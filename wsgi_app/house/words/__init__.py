"""What the house says, in English: literal tables by the words that the code has for it.

Only a page's own text is in its template.
"""
