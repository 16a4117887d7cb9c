"""California's child welfare system: one large RFP against modules, on a made-up budget."""
