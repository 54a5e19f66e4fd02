"""What a carrier's SMSC is really like: `broadcast carrier check`. Nothing here touches the ledger."""
