"""Reading what is known: how far a campaign is, what became of it, whether its books balance."""
