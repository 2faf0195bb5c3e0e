"""What an export is made of: files, the gate before them, int8, and the card beside them."""
