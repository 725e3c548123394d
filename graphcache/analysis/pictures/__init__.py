"""What pictures show, one module per question: numbers and names, and no page."""
