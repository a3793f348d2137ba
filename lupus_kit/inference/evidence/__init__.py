"""How far a result carries: belief, replication, and how few patients decide."""
