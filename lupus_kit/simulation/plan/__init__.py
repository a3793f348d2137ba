"""What a simulated trial is: design, analysis plan, assumptions, written down."""
