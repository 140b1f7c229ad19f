"""The guide's figures beside those computed here."""
