"""What a run showed: the ledger for machines, the terminal and Markdown for people."""
