"""The marking desk: answers of one question side by side in a browser, and code that is similar."""
