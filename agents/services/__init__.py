"""What a face may ask for; the only door from bot/ to the rest."""
