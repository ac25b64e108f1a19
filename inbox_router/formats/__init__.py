"""How each language writes days and moments: as short as they can be told apart."""
