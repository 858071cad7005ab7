"""The migration plan: phases, their gates, the switch and the way back."""
